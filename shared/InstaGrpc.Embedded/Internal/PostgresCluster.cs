using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace InstaGrpc.Embedded.Internal;

/// <summary>The files of a cluster: initdb, templates, our settings, the former postmaster.</summary>
internal sealed class PostgresCluster(string folder, PostgresBinaries binaries, string? account)
{
    private const string _settingsFile = "insta.conf";
    private const string _passwordFile = "insta.password";
    private const UnixFileMode _private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Folder => folder;

    public string LogFile => Path.Combine(folder, "insta.log");

    public bool Exists => File.Exists(Path.Combine(folder, "PG_VERSION"));

    public string Password => File.ReadAllText(Path.Combine(folder, _passwordFile)).Trim();

    /// <summary>The port of the last start, or null.</summary>
    public int? LastPort
    {
        get
        {
            var path = Path.Combine(folder, _settingsFile);
            if (!File.Exists(path)) return null;
            var line = File.ReadLines(path).FirstOrDefault(l => l.StartsWith("port = ", StringComparison.Ordinal));
            return line is null ? null : int.Parse(line.AsSpan("port = '".Length).TrimEnd('\''), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>
    /// Makes the cluster beside its place and moves it there when it is whole: a run killed in between leaves no half cluster.
    /// </summary>
    public async Task CreateAsync(string? templateFolder, bool fsync, CancellationToken ct)
    {
        var unfinished = folder + ".new";
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        if (templateFolder is null)
        {
            await InitialiseAsync(unfinished, fsync, ct).ConfigureAwait(false);
        }
        else
        {
            var root = await ServerFolder.ResolveAsync(templateFolder, ct).ConfigureAwait(false);
            var template = Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $"postgres-{binaries.Major}"));
            await EnsureTemplateAsync(template, ct).ConfigureAwait(false);
            await ServerFolder.CreateAsync(unfinished, account, ct).ConfigureAwait(false);
            await Tool.RunAsync(ct, "cp", "-a", "--reflink=auto", $"{template}/.", unfinished).ConfigureAwait(false);
            // PostgreSQL syncs what it writes; these files it only reads.
            if (fsync) await Tool.RunAsync(ct, "sync", "--file-system", unfinished).ConfigureAwait(false);
        }
        if (Directory.Exists(folder))
        {
            if (Directory.EnumerateFileSystemEntries(folder).Any())
            {
                throw new EmbeddedServerException($"{folder} holds files that are no PostgreSQL cluster: give an empty or absent folder");
            }
            Directory.Delete(folder);
        }
        Directory.Move(unfinished, folder);
    }

    /// <summary>Our settings go to a file of their own, included last: ALTER SYSTEM still wins over them.</summary>
    public void WriteSettings(IEnumerable<KeyValuePair<string, string>> settings, PostgresAuthentication authentication)
    {
        var text = new StringBuilder("# Written at every start. Changes by hand belong into postgresql.conf or ALTER SYSTEM.\n");
        foreach (var (name, value) in settings) text.Append(CultureInfo.InvariantCulture, $"{name} = '{value.Replace("'", "''")}'\n");
        File.WriteAllText(Path.Combine(folder, _settingsFile), text.ToString());

        var main = Path.Combine(folder, "postgresql.conf");
        const string include = $"include_if_exists = '{_settingsFile}'";
        if (!File.ReadLines(main).Contains(include)) File.AppendAllText(main, $"\n{include}\n");

        var method = authentication == PostgresAuthentication.Trust ? "trust" : "scram-sha-256";
        File.WriteAllText(
            Path.Combine(folder, "pg_hba.conf"), $"host all all 127.0.0.1/32 {method}\nhost replication all 127.0.0.1/32 {method}\n");
    }

    /// <summary>
    /// The postmaster that a killed run left, by its own pid file; null when there is none. The file survives reboots, and its process id
    /// may be a stranger's by now: only a process whose working folder is this cluster is a postmaster of it.
    /// </summary>
    public ProcessIdentity? FindPostmaster()
    {
        var file = Path.Combine(folder, "postmaster.pid");
        if (!File.Exists(file)) return null;
        if (!int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var pid)) return null;
        if (ProcessIdentity.Of(pid) is not { } process) return null;
        return new FileInfo($"/proc/{pid}/cwd").LinkTarget == folder ? process : null;
    }

    /// <summary>
    /// Whether the postmaster with this id has written that it takes connections (line 8 of its pid file, as pg_ctl reads it).
    /// </summary>
    public bool IsReady(int pid)
    {
        try
        {
            var lines = File.ReadAllLines(Path.Combine(folder, "postmaster.pid"));
            return lines.Length >= 8 && lines[0] == pid.ToString(CultureInfo.InvariantCulture)
                && lines[7].StartsWith("ready", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // not written yet
        }
    }

    private async Task EnsureTemplateAsync(string template, CancellationToken ct)
    {
        if (Directory.Exists(template)) return;
        Directory.CreateDirectory(Path.GetDirectoryName(template)!);
        // Test runs of several assemblies start at once: one makes the template, complete before it gets its name, the others wait.
        using var held = await FileLock.AcquireAsync(template + ".lock", ct).ConfigureAwait(false);
        if (Directory.Exists(template)) return;
        var unfinished = template + ".new";
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        await InitialiseAsync(unfinished, fsync: false, ct).ConfigureAwait(false);
        Directory.Move(unfinished, template);
    }

    private async Task InitialiseAsync(string target, bool fsync, CancellationToken ct)
    {
        var password = Path.Combine(Path.GetTempPath(), $"insta-initdb-{Guid.NewGuid():N}");
        try
        {
            await ServerFolder.CreateAsync(target, account, ct).ConfigureAwait(false);
            var closed = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = _private };
            await using (var file = new FileStream(password, closed))
            {
                file.Write(Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(32, lowercase: true)));
            }
            if (account is not null) await Tool.RunAsync(ct, "chown", $"{account}:", password).ConfigureAwait(false);

            List<string> command =
            [
                binaries.InitDb, "--pgdata", target, "--username", "postgres", "--encoding", "UTF8", "--locale", "C.UTF-8",
                "--auth", "scram-sha-256", "--pwfile", password, "--data-checksums", .. (fsync ? (string[])[] : ["--no-sync"]),
            ];
            if (account is not null) command.InsertRange(0, ["setpriv", $"--reuid={account}", $"--regid={account}", "--init-groups"]);
            await Tool.RunAsync(ct, command[0], command.Skip(1)).ConfigureAwait(false);
            File.Copy(password, Path.Combine(target, _passwordFile));
            File.SetUnixFileMode(Path.Combine(target, _passwordFile), _private);
        }
        finally
        {
            File.Delete(password);
        }
    }
}

using System.Globalization;

namespace InstaGrpc.Embedded.Internal;

/// <summary>The folder of initdb and postgres, and their major version.</summary>
internal sealed record PostgresBinaries(string Folder, int Major)
{
    public string Postgres => Path.Combine(Folder, "postgres");

    public string InitDb => Path.Combine(Folder, "initdb");

    public static async Task<PostgresBinaries> FindAsync(string? folder, CancellationToken ct)
    {
        folder ??= Candidates().FirstOrDefault(f => File.Exists(Path.Combine(f, "postgres")) && File.Exists(Path.Combine(f, "initdb")))
            ?? throw new EmbeddedServerException(
                "PostgreSQL's server programs (initdb, postgres) are not installed: install Debian's package postgresql, "
                + "or give servers of your own with --postgres, --memcached and --kafka");
        // "postgres (PostgreSQL) 15.14 (Debian …)"
        var version = (await Tool.RunAsync(ct, Path.Combine(folder, "postgres"), "--version").ConfigureAwait(false)).Split(' ')[2];
        var major = int.Parse(version.AsSpan(0, version.AsSpan().IndexOfAnyExceptInRange('0', '9')), CultureInfo.InvariantCulture);
        if (major < 15) throw new EmbeddedServerException($"PostgreSQL {version} in {folder} is too old: 15 or newer is needed");
        return new PostgresBinaries(folder, major);
    }

    private static IEnumerable<string> Candidates()
    {
        // Debian keeps versions side by side and puts only client programs on the PATH.
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            var versions = Directory.GetDirectories("/usr/lib/postgresql")
                .OrderByDescending(f => int.TryParse(Path.GetFileName(f), CultureInfo.InvariantCulture, out var v) ? v : 0);
            foreach (var version in versions) yield return Path.Combine(version, "bin");
        }
        if (Tool.Find("postgres") is { } found) yield return Path.GetDirectoryName(found)!;
    }
}

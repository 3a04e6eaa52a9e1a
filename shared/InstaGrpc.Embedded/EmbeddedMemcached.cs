using System.Globalization;
using System.Net.Sockets;
using System.Text;
using InstaGrpc.Embedded.Internal;

namespace InstaGrpc.Embedded;

/// <summary>A memcached of our own on 127.0.0.1 (TCP only). As root it runs as the account nobody. It never outlives the caller.</summary>
public sealed class EmbeddedMemcached : IAsyncDisposable
{
    private const int _portAttempts = 5;
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(5);

    private readonly EmbeddedMemcachedOptions _options;
    private readonly ServerProcess _process;

    private EmbeddedMemcached(EmbeddedMemcachedOptions options, ServerProcess process, int port)
    {
        _options = options;
        _process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary><c>127.0.0.1:port</c></summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    public int ProcessId => _process.Identity.Pid;

    /// <summary>Completes, with the exit code, when the server has ended for whatever reason.</summary>
    public Task<int> Exited => _process.Exited;

    /// <summary>Starts it and waits until it answers; first stops what a killed run left under the same pid file.</summary>
    /// <exception cref="EmbeddedServerException">Not installed, port taken, or it did not start; the message says what to do.</exception>
    public static async Task<EmbeddedMemcached> StartAsync(EmbeddedMemcachedOptions? options = null, CancellationToken ct = default)
    {
        options ??= new EmbeddedMemcachedOptions();
        var program = Tool.Find("memcached") ?? throw new EmbeddedServerException(
            "memcached is not installed: install Debian's package memcached, or give a server of your own with --memcached");
        await StopLeftoverAsync(options, ct).ConfigureAwait(false);

        for (var attempt = 1; ; attempt++)
        {
            if (options.Port != 0 && !LoopbackPort.IsFree(options.Port)) throw Taken(options.Port);
            var port = options.Port != 0 ? options.Port : LoopbackPort.Free();
            var account = Native.IsRoot ? "nobody" : null;
            var process = await ServerProcess.StartAsync(
                Command(program, options, port), account, options.LogFile, deathSignal: "TERM").ConfigureAwait(false);
            try
            {
                if (options.PidFile is { } file)
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
                    await File.WriteAllTextAsync(file, process.Identity.ToString(), ct).ConfigureAwait(false);
                }
                if (await WaitUntilReadyAsync(process, port, options, ct).ConfigureAwait(false))
                {
                    return new EmbeddedMemcached(options, process, port);
                }
            }
            catch
            {
                await process.StopAsync((Signal.Kill, options.StopLimit)).ConfigureAwait(false);
                throw;
            }

            // It ended: most likely somebody took the port between our asking and its binding. A kernel-given one is drawn again.
            if (options.Port == 0 && attempt < _portAttempts && !LoopbackPort.IsFree(port)) continue;
            var code = await process.Exited.ConfigureAwait(false);
            var command = string.Join(' ', Command(program, options, port));
            throw new EmbeddedServerException($"memcached did not start (code {code}): try `{command}` by hand");
        }
    }

    /// <summary>Stops what a killed run left under the same pid file, if there is such a process.</summary>
    public static async Task StopLeftoverAsync(EmbeddedMemcachedOptions options, CancellationToken ct = default)
    {
        if (options.PidFile is not { } file || !File.Exists(file)) return;
        if (ProcessIdentity.Parse(await File.ReadAllTextAsync(file, ct).ConfigureAwait(false)) is { IsAlive: true } leftover)
        {
            options.Report?.Invoke($"stopping memcached (process {leftover.Pid}), left by a run that was killed");
            if (!await LeftoverProcess.StopAsync(
                leftover, ct, (Signal.Terminate, options.StopLimit), (Signal.Kill, options.StopLimit)).ConfigureAwait(false))
            {
                throw new EmbeddedServerException($"memcached (process {leftover.Pid}) cannot be stopped: stop it by hand");
            }
        }
        File.Delete(file);
    }

    /// <summary>SIGTERM, after <see cref="EmbeddedMemcachedOptions.StopLimit"/> SIGKILL.</summary>
    public async Task StopAsync()
    {
        await _process.StopAsync((Signal.Terminate, _options.StopLimit), (Signal.Kill, _options.StopLimit)).ConfigureAwait(false);
        if (_options.PidFile is { } file) File.Delete(file);
    }

    /// <summary>Ends it at once (SIGKILL), as a crash would.</summary>
    public async Task CrashAsync() => await _process.StopAsync((Signal.Kill, _options.StopLimit)).ConfigureAwait(false);

    /// <summary>Stops it from running without closing its connections (SIGSTOP), as a machine that hangs would. Returns when none of its threads
    /// runs any more: the signal's sender does not wait for that.</summary>
    public async Task FreezeAsync(CancellationToken ct = default)
    {
        _process.Send(Signal.Stop);
        while (!Directory.GetDirectories($"/proc/{ProcessId}/task").All(IsStopped))
        {
            await Task.Delay(_poll, ct).ConfigureAwait(false);
        }

        // "pid (name) state …"
        static bool IsStopped(string thread) => File.ReadAllText($"{thread}/stat").Split(") ")[^1][0] == 'T';
    }

    /// <summary>Undoes <see cref="FreezeAsync"/>.</summary>
    public void Thaw() => _process.Send(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        Thaw(); // a frozen process would only end by the last signal
        await StopAsync().ConfigureAwait(false);
    }

    private static List<string> Command(string program, EmbeddedMemcachedOptions options, int port) =>
    [
        program, "-l", "127.0.0.1", "-U", "0",
        "-p", port.ToString(CultureInfo.InvariantCulture),
        "-m", options.MemoryMegabytes.ToString(CultureInfo.InvariantCulture),
        "-t", options.Threads.ToString(CultureInfo.InvariantCulture),
        "-c", options.MaxConnections.ToString(CultureInfo.InvariantCulture),
        .. options.ExtraArguments,
    ];

    private static EmbeddedServerException Taken(int port) => new(
        $"port {port} for memcached is taken by {LoopbackPort.OwnerOf(port)?.ToString() ?? "somebody"}: stop it or give another port");

    private static async Task<bool> WaitUntilReadyAsync(
        ServerProcess process, int port, EmbeddedMemcachedOptions options, CancellationToken ct)
    {
        var until = Environment.TickCount64 + (long)options.StartLimit.TotalMilliseconds;
        while (!process.Exited.IsCompleted)
        {
            if (await AnsweringPidAsync(port, ct).ConfigureAwait(false) == process.Identity.Pid) return true;
            if (Environment.TickCount64 > until)
            {
                throw new EmbeddedServerException($"memcached on port {port} was not ready within {options.StartLimit.TotalSeconds:0} s");
            }
            await Task.Delay(_poll, ct).ConfigureAwait(false);
        }
        return false;
    }

    /// <summary>
    /// The process id that the server on the port states about itself, or null. Another memcached that was quicker to take the port
    /// answers too, with another id: without this check its data would be taken for ours.
    /// </summary>
    private static async Task<int?> AnsweringPidAsync(int port, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, limit.Token).ConfigureAwait(false);
            var stream = client.GetStream();
            await stream.WriteAsync("stats\r\n"u8.ToArray(), limit.Token).ConfigureAwait(false);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            while (await reader.ReadLineAsync(limit.Token).ConfigureAwait(false) is { } line && line != "END")
            {
                if (line.StartsWith("STAT pid ", StringComparison.Ordinal)) return int.Parse(line.AsSpan(9), CultureInfo.InvariantCulture);
            }
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
        }
        return null;
    }
}

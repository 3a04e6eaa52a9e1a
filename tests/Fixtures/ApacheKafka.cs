using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using InstaGrpc.Embedded;

namespace InstaGrpc.TestFixtures;

/// <summary>One node of Apache Kafka (KRaft) from the unpacked tools.</summary>
public sealed class ApacheKafka : IDisposable
{
    private const int _attempts = 3;
    private static readonly TimeSpan _startLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan _stopLimit = TimeSpan.FromSeconds(20);

    private readonly Process _process;

    private ApacheKafka(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public string BootstrapServers => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>The tool's folder, or null when it is not there (see <see cref="Checkout.FindTool"/>).</summary>
    public static string? Find() => Checkout.FindTool("kafka");

    /// <summary>Starts it on free ports, or on a given one, and waits until clients can connect (2 to 9 s).</summary>
    public static async Task<ApacheKafka> StartAsync(string folder, int port = 0, CancellationToken ct = default)
    {
        var tool = Find() ?? throw new InvalidOperationException("Apache Kafka is not there: unpack it and set INSTA_TOOLS");
        Directory.CreateDirectory(folder);
        for (var attempt = 1; ; attempt++)
        {
            var chosen = port != 0 ? port : LoopbackPort.Free();
            // A session of its own: the script stops its Java process when it gets SIGTERM, also at our death.
            var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = folder };
            string[] arguments =
            [
                "-c", "exec setsid setpriv --pdeathsig TERM -- \"$@\" >kafka.log 2>&1 </dev/null", "sh",
                $"{tool}/bin/kafka-up", Path.Combine(folder, "data"), chosen.ToString(CultureInfo.InvariantCulture),
            ];
            foreach (var argument in arguments) start.ArgumentList.Add(argument);
            start.Environment["KAFKA_CONTROLLER_PORT"] = LoopbackPort.Free().ToString(CultureInfo.InvariantCulture);
            var process = await StartOnOwnThreadAsync(start).ConfigureAwait(false);
            var kafka = new ApacheKafka(process, chosen);
            try
            {
                if (await kafka.WaitUntilReadyAsync(Path.Combine(folder, "kafka.log"), ct).ConfigureAwait(false)) return kafka;
            }
            catch
            {
                kafka.Dispose();
                throw;
            }
            const int portTaken = 3;
            if (process.ExitCode == portTaken && port == 0 && attempt < _attempts) continue;
            throw new InvalidOperationException(
                $"Apache Kafka ended with code {process.ExitCode}: {LastLine(Path.Combine(folder, "kafka.log"))}");
        }
    }

    /// <summary>At once (SIGKILL), with all that it has started; its data stay.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)])) kill.WaitForExit();
            if (!_process.WaitForExit(_stopLimit)) _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }

    /// <summary>
    /// The parent-death signal belongs to the forking thread, so the fork happens on one that stays until the server's end.
    /// </summary>
    private static async Task<Process> StartOnOwnThreadAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                var process = Process.Start(start)!;
                using var watched = Process.GetProcessById(process.Id);
                started.SetResult(process);
                watched.WaitForExit();
            }
            catch (Exception e)
            {
                started.TrySetException(e);
            }
        })
        { IsBackground = true }.Start();
        return await started.Task.ConfigureAwait(false);
    }

    private static string LastLine(string log) => File.Exists(log) ? File.ReadLines(log).LastOrDefault() ?? "" : "";

    private static bool SaysReady(string log) =>
        File.Exists(log) && File.ReadLines(log).Any(line => line.StartsWith("kafka ready", StringComparison.Ordinal));

    private async Task<bool> WaitUntilReadyAsync(string log, CancellationToken ct)
    {
        var until = Environment.TickCount64 + (long)_startLimit.TotalMilliseconds;
        while (!_process.HasExited)
        {
            if (SaysReady(log) && await AnswersAsync(ct).ConfigureAwait(false)) return true;
            if (Environment.TickCount64 > until)
            {
                throw new TimeoutException($"Apache Kafka was not ready within {_startLimit.TotalSeconds} s: {LastLine(log)}");
            }
            await Task.Delay(50, ct).ConfigureAwait(false);
        }
        return false;
    }

    private async Task<bool> AnswersAsync(CancellationToken ct)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", Port, ct).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

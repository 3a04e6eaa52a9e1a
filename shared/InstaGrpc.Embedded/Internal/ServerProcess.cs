using System.Diagnostics;

namespace InstaGrpc.Embedded.Internal;

/// <summary>
/// A server that this process started and that must not outlive it: it runs in a session of its own (so that Ctrl-C in a terminal reaches
/// us alone, and we stop things in order), and the kernel sends it <c>deathSignal</c> when we die without having stopped it.
/// </summary>
/// <remarks>
/// The kernel's parent-death signal (<c>prctl(PR_SET_PDEATHSIG)</c>, set by util-linux's setpriv) fires when the <em>thread</em> that
/// forked ends, not the process. Thread-pool threads retire after some idle seconds, so the fork happens on a thread of its own, which
/// then waits for the server's end. Changing the account clears the signal: setpriv changes it first and is run once more for the signal.
/// A parent that dies between fork and prctl goes unnoticed; pid files cover that.
/// </remarks>
internal sealed class ServerProcess
{
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(ProcessIdentity identity) => Identity = identity;

    public ProcessIdentity Identity { get; private set; }

    /// <summary>The exit code, once the process has ended.</summary>
    public Task<int> Exited => _exited.Task;

    /// <param name="command">Program and arguments.</param>
    /// <param name="account">Account to run as; null for ours.</param>
    /// <param name="logFile">Receives standard output and error (a file, not a pipe: it outlives us); null throws them away.</param>
    /// <param name="deathSignal">Signal at our death, as setpriv names it: INT, TERM, …</param>
    public static async Task<ServerProcess> StartAsync(
        IReadOnlyList<string> command, string? account, string? logFile, string deathSignal, string? workingFolder = null)
    {
        List<string> line = ["setsid"];
        if (account is not null) line.AddRange(["setpriv", $"--reuid={account}", $"--regid={account}", "--init-groups"]);
        line.AddRange(["setpriv", "--pdeathsig", deathSignal, "--", .. command]);
        if (account is "nobody") line[line.IndexOf("--regid=nobody")] = "--regid=65534"; // Debian: nogroup, Fedora: nobody

        // sh only opens the log and becomes the server by exec: the process id stays the one that we started.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = workingFolder ?? "/", UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(logFile ?? "/dev/null");
        foreach (var argument in line) start.ArgumentList.Add(argument);

        var server = new ServerProcess(default);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => server.Run(start, started)) { IsBackground = true, Name = "server-parent", }.Start();
        await started.Task.ConfigureAwait(false);
        return server;
    }

    public bool Send(Signal signal) => !Exited.IsCompleted && Native.Send(Identity.Pid, signal);

    /// <summary>Sends each signal in turn and waits its time for the end; true when the process has ended.</summary>
    public async Task<bool> StopAsync(params (Signal Signal, TimeSpan Limit)[] steps)
    {
        foreach (var (signal, limit) in steps)
        {
            Send(signal);
            if (await Task.WhenAny(Exited, Task.Delay(limit)).ConfigureAwait(false) == Exited) return true;
        }
        return Exited.IsCompleted;
    }

    private void Run(ProcessStartInfo start, TaskCompletionSource started)
    {
        try
        {
            using var process = Process.Start(start)!;
            Identity = ProcessIdentity.Of(process.Id) ?? new ProcessIdentity(process.Id, 0, "");
            started.SetResult();
            process.WaitForExit();
            _exited.SetResult(process.ExitCode);
        }
        catch (Exception e)
        {
            started.TrySetException(new EmbeddedServerException($"cannot run {start.FileName}: {e.Message}", e));
            _exited.TrySetResult(-1);
        }
    }
}

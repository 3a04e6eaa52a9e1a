using System.Diagnostics;
using System.Runtime.InteropServices;

namespace InstaGrpc.Host;

/// <summary>
/// Turns SIGINT and SIGTERM into one cancellation. Another SIGINT a while later ends the process at once, as people expect; one that comes
/// together with the first does not, because a signal to the process and to its group is one request that arrives twice.
/// </summary>
internal sealed class ShutdownSignal : IDisposable
{
    private static readonly TimeSpan _sameRequest = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private long _first;

    public ShutdownSignal() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
    ];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        var first = Interlocked.CompareExchange(ref _first, Stopwatch.GetTimestamp(), 0);
        var again = first != 0 && Stopwatch.GetElapsedTime(first) > _sameRequest;
        // Not cancelled means the default action, which is the end of the process.
        context.Cancel = !(again && context.Signal == PosixSignal.SIGINT);
        if (first == 0) _source.Cancel();
    }
}

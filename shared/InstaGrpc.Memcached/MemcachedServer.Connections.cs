using System.Diagnostics.CodeAnalysis;
using InstaGrpc.Memcached.Internal;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Memcached;

// Each shared connection has a keeper: it connects, waits until the connection is lost, waits a little, and connects again.
public sealed partial class MemcachedServer
{
    private static TaskCompletionSource<Exception?> NewAttempt() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool TryPick([NotNullWhen(true)] out MetaConnection? connection)
    {
        // Callers on one processor share a connection, and with it their writes.
        var first = _shared.Length == 1 ? 0 : Thread.GetCurrentProcessorId() % _shared.Length;
        for (var i = 0; i < _shared.Length; i++)
        {
            connection = Volatile.Read(ref _shared[(first + i) % _shared.Length]);
            if (connection is { IsBroken: false })
            {
                return true;
            }
        }

        connection = null;
        return false;
    }

    /// <summary>The slow path: waits for the first attempt to connect; after a failed one, fails at once.</summary>
    private async ValueTask<MetaConnection> PickAsync(CancellationToken cancellation)
    {
        if (TryPick(out var connection))
        {
            return connection;
        }

        Task<Exception?> attempt;
        lock (_gate)
        {
            if (_attempted)
            {
                throw Again(_connectFault ?? new MemcachedUnavailableException($"The connections to memcached {Address} are lost."));
            }

            Start();
            attempt = _nextAttempt.Task;
        }

        if (await attempt.WaitAsync(cancellation).ConfigureAwait(false) is { } fault)
        {
            throw Again(fault);
        }

        return TryPick(out connection)
            ? connection
            : throw new MemcachedUnavailableException($"The connection to memcached {Address} was lost as soon as it was made.");
    }

    /// <summary>Under the gate.</summary>
    private void Start()
    {
        ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
        if (_keepers.Length == 0)
        {
            // The keepers outlive the caller who happens to be the first, and must not run in its trace.
            using var flow = ExecutionContext.SuppressFlow();
            _keepers = [.. Enumerable.Range(0, _shared.Length).Select(slot => Task.Run(() => KeepAsync(slot)))];
        }
    }

    private async Task KeepAsync(int slot)
    {
        var failures = 0;
        while (!_disposed.IsCancellationRequested)
        {
            var began = _time.GetTimestamp();
            try
            {
                await using var connection =
                    await MetaConnection.OpenAsync(_address, _options, _time, _disposed.Token).ConfigureAwait(false);
                Opened(slot, connection);
                using (_disposed.Token.UnsafeRegister(static c => _ = ((MetaConnection)c!).DisposeAsync().AsTask(), connection))
                {
                    await connection.Ended.ConfigureAwait(false);
                }

                Lost(slot, connection);
            }
            catch (OperationCanceledException) when (_disposed.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Failed(e);
            }

            // A connection that lasted starts the waits anew; one that broke at once counts as a failure, or a server that accepts and
            // closes would be asked without end.
            failures = _time.GetElapsedTime(began) > _options.ReconnectMax + _options.ConnectTimeout ? 1 : failures + 1;
            await WaitAsync(failures).ConfigureAwait(false);
        }
    }

    private void Opened(int slot, MetaConnection connection)
    {
        lock (_gate)
        {
            _open++;
            ServerVersion = connection.ServerVersion;
            _attempted = true;
            _connectFault = null;
            Interlocked.Increment(ref _epoch);
            Volatile.Write(ref _shared[slot], connection);
            EndAttempt(null);
        }

        Log.Connected(_logger, Address, connection.ServerVersion);
    }

    private void Lost(int slot, MetaConnection connection)
    {
        var reason = connection.Fault?.Message ?? "closed";
        lock (_gate)
        {
            _open--;
            Volatile.Write(ref _shared[slot], null);
            Interlocked.Increment(ref _epoch);
            LastFault = reason;
        }

        if (!_disposed.IsCancellationRequested)
        {
            Log.ConnectionLost(_logger, Address, reason);
        }
    }

    private void Failed(Exception fault)
    {
        bool known;
        lock (_gate)
        {
            known = _connectFault?.Message == fault.Message;
            LastFault = fault.Message;
            _connectFault = fault;
            _attempted = true;

            // Another keeper's connection may be open: then whoever waits has it.
            EndAttempt(_open > 0 ? null : fault);
        }

        if (!known)
        {
            Log.CannotConnect(_logger, fault.Message);
        }
    }

    private void EndAttempt(Exception? fault)
    {
        _nextAttempt.TrySetResult(fault);
        _nextAttempt = NewAttempt();
    }

    private async Task WaitAsync(int failures)
    {
        var longest = Math.Min(
            _options.ReconnectMax.TotalMilliseconds,
            _options.ReconnectMin.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30) - 1));
        var wait = TimeSpan.FromMilliseconds(longest * (0.5 + Random.Shared.NextDouble() / 2));
        Task wake;
        lock (_gate)
        {
            if (_wake.Task.IsCompleted)
            {
                _wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            wake = _wake.Task;
        }

        try
        {
            await wake.WaitAsync(wait, _time, _disposed.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // The wait is over, or the server was disposed; the loop looks.
        }
    }

    private static Exception Again(Exception fault) => fault switch
    {
        MetaCommandsUnsupportedException => new MetaCommandsUnsupportedException(fault.Message),
        ObjectDisposedException => new ObjectDisposedException(nameof(MemcachedServer)),
        _ => new MemcachedUnavailableException(fault.Message, fault),
    };

    private static partial class Log
    {
        [LoggerMessage(1100, LogLevel.Debug, "Connected to memcached {Address}, version {Version}.")]
        public static partial void Connected(ILogger logger, string address, string version);

        [LoggerMessage(1101, LogLevel.Warning, "The connection to memcached {Address} is lost: {Reason}; connecting again.")]
        public static partial void ConnectionLost(ILogger logger, string address, string reason);

        [LoggerMessage(1102, LogLevel.Warning, "{Reason} Trying again in the background.")]
        public static partial void CannotConnect(ILogger logger, string reason);
    }
}

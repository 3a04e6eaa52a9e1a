using System.Collections.Frozen;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Internal.Health;

/// <summary>
/// What is serving, as of the last look (every second). Before the first look and from the moment that the process is asked to stop,
/// nothing is: load balancers go elsewhere while running calls finish.
/// </summary>
internal sealed partial class HealthBoard : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly IReadinessCheck[] _checks;
    private readonly MeshCatalog _catalog;
    private readonly TimeProvider _time;
    private readonly ILogger<HealthBoard> _logger;
    private readonly Lock _gate = new();
    private HealthState _state;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopping;

    public HealthBoard(
        IEnumerable<IReadinessCheck> checks, MeshCatalog catalog, TimeProvider time, IHostApplicationLifetime lifetime,
            ILogger<HealthBoard> logger)
    {
        (_checks, _catalog, _time, _logger) = ([.. checks], catalog, time, logger);
        _state = StateOf(_checks.ToDictionary(c => c, c => (string?)"not looked at yet"));
        lifetime.ApplicationStopping.Register(Stop);
    }

    /// <summary>As of the last look.</summary>
    public HealthState State => Volatile.Read(ref _state);

    /// <summary>The first state that is not this one.</summary>
    public async ValueTask<HealthState> WaitForChangeAsync(HealthState seen, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (!ReferenceEquals(_state, seen))
                {
                    return _state;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, _time);
        try
        {
            do
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; Stop has said so.
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        var reasons = await Task.WhenAll(_checks.Select(async check =>
            (check, reason: await LookAsync(check, cancellation).ConfigureAwait(false))))
            .ConfigureAwait(false);
        Set(StateOf(reasons.ToDictionary(r => r.check, r => r.reason)));
    }

    private async Task<string?> LookAsync(IReadinessCheck check, CancellationToken cancellation)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(s_patience);
        try
        {
            return await check.CheckAsync(limited.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer within {s_patience.TotalSeconds:0} s";
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return e.Message;
        }
    }

    private void Stop()
    {
        lock (_gate)
        {
            _stopping = true;
        }

        Set(StateOf(_checks.ToDictionary(c => c, c => (string?)null)));
    }

    private void Set(HealthState state)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (_stopping)
            {
                state = HealthState.Stopping(state.Services.Keys);
            }

            if (_state.IsSameAs(state))
            {
                return;
            }

            _state = state;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        LogChanged(state.IsReady ? "ready" : "not ready", string.Join("; ", state.Missing.Select(m => $"{m.Name}: {m.Reason}")));
        changed.SetResult();
    }

    private HealthState StateOf(Dictionary<IReadinessCheck, string?> reasons)
    {
        var missing = reasons.Where(r => r.Value is not null).Select(r => new MissingDependency(r.Key.Name, r.Value!))
            .Distinct() // several roles may need the same
            .ToArray();
        bool Serving(string service) =>
            reasons.All(r => r.Value is null || (r.Key.Services is { } services && !services.Contains(service)));
        return new HealthState(
            reasons.All(r => r.Value is null || r.Key.Services is not null),
            _catalog.Services.Select(s => s.Descriptor.FullName).ToFrozenDictionary(name => name, Serving),
            missing);
    }

    [LoggerMessage(EventIds.ReadinessChanged, LogLevel.Information, "The process is {State}. {Missing}")]
    private partial void LogChanged(string state, string missing);
}

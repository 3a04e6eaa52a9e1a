using InstaGrpc.Load.Command;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Oracle;
using InstaGrpc.Load.Scenarios;

namespace InstaGrpc.Load.Workers;

/// <summary>This process: users, oracle and load.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="endpoints">The mesh.</param>
/// <param name="say">Told how the users are made.</param>
/// <param name="onBegin">Told when the load begins, a timestamp; null: nobody asks.</param>
internal sealed class LocalWorker(LoadOptions options, MeshEndpoints endpoints, Action<string> say, Action<long>? onBegin = null) : IWorker
{
    private static readonly TimeSpan _settleLimit = TimeSpan.FromSeconds(60);

    private readonly ScenarioCatalog.Entry _entry = ScenarioCatalog.Find(options.Scenario)!;
    private readonly Violations _violations = new();
    private readonly Settlement _settlement = new();
    private MeshClient? _mesh;
    private StreamClock? _stream;
    private HttpClient? _web;

    /// <summary>Whom it plays; after it was prepared.</summary>
    public People People { get; private set; } = null!;

    public async Task PrepareAsync(CancellationToken ct)
    {
        _mesh = new MeshClient(endpoints.Grpc, options.Plant switch
        {
            "stale" => new PlantedStale(),
            "stall" => new PlantedStall(),
            null => null,
            _ => throw new FormatException("--plant is stale or stall"),
        });
        await using (var seeding = new MeshClient(endpoints.Grpc))
        {
            People = await People.SeedAsync(seeding, options.Users, _entry.Celebrity, say, ct).ConfigureAwait(false);
            await People.CountPostsAsync(seeding, ct).ConfigureAwait(false);
        }

        _stream = new StreamClock(endpoints);
        if (endpoints.Web.Length > 0) _web = new HttpClient { BaseAddress = new Uri(endpoints.Web), Timeout = TimeSpan.FromSeconds(12) };
    }

    public async Task<WorkerResult> RunAsync(DateTimeOffset? begin, Func<WorkerSecond, Task> onSecond, CancellationToken ct)
    {
        var judge = new Judge(_stream!, _violations, alone: options.Processes == 1);
        var scenario = _entry.Create(new World(_mesh!, People.All, judge, _settlement, _web)).WithLoadSimulations(Simulations())
            .WithWarmUpDuration(options.WarmUp);
        await LoadRunner.RegisterScenarios(scenario)
            .WithOptions(new RunOptions { Seed = options.Seed, Begin = begin, Process = (options.Worker ?? 0, options.Processes) })
            .WithBegin(onBegin ?? (static _ => { }))
            .WithIntervals(interval =>
            {
                var (applied, folded) = _stream!.TakeLag();
                return onSecond(new WorkerSecond(
                    interval, _stream.Measures ? applied.TotalMilliseconds : null, _stream.Measures ? folded.TotalMilliseconds : null, _violations.Total));
            })
            .RunAsync(ct).ConfigureAwait(false);
        var lost = await _settlement.RunAsync(_settleLimit).ConfigureAwait(false);
        if (lost > 0) _violations.Add("not settled", $"{lost} writes could not be repeated within {_settleLimit.TotalSeconds} s");
        return new WorkerResult(
            new Dictionary<string, int>(_violations.Counts), [.. _violations.Kept], _stream!.Measures, judge.Posts.Written(), judge.Likes.Written(),
            judge.Comments.Written());
    }

    public async ValueTask DisposeAsync()
    {
        _web?.Dispose();
        if (_stream is not null) await _stream.DisposeAsync().ConfigureAwait(false);
        if (_mesh is not null) await _mesh.DisposeAsync().ConfigureAwait(false);
    }

    private LoadSimulation[] Simulations()
    {
        var (rate, second, during) = (options.Rate ?? _entry.Rate, TimeSpan.FromSeconds(1), options.Duration);
        return options.Shape switch
        {
            LoadShape.Ramp => [Simulation.RampingInject(rate, second, during / 2), Simulation.Inject(rate, second, during / 2)],
            LoadShape.Random => [Simulation.InjectRandom(rate / 2, rate * 1.5, second, during)],
            LoadShape.Closed => [Simulation.KeepConstant((int)Math.Max(1, rate / 10), during)],
            _ when _entry.Bursts => [Simulation.Burst(rate, second, during)],
            _ => [Simulation.Inject(rate, second, during)],
        };
    }
}

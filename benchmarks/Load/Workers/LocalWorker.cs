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
/// <param name="abandon">Ends what comes after the load.</param>
internal sealed class LocalWorker(
    LoadOptions options, MeshEndpoints endpoints, Action<string> say, Action<long>? onBegin = null, CancellationToken abandon = default) : IWorker
{
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

    public async Task<WorkerResult> RunAsync(
        Func<CancellationToken, Task<DateTimeOffset>>? begin, Func<WorkerSecond, Task> onSecond, CancellationToken ct)
    {
        var judge = new Judge(_stream!, _violations, alone: options.Processes == 1);
        var scenario = _entry.Create(new World(_mesh!, People.All, judge, _settlement, _web))
            .WithLoadSimulations(LoadSchedule.Of(options, _entry)).WithWarmUpDuration(options.WarmUp);
        var stats = await LoadRunner.RegisterScenarios(scenario)
            .WithOptions(new RunOptions { Seed = options.Seed, Begin = begin, Process = (options.Worker ?? 0, options.Processes) })
            .WithBegin(onBegin ?? (static _ => { }))
            .WithIntervals(interval =>
            {
                var (applied, folded) = _stream!.TakeLag();
                return onSecond(new WorkerSecond(
                    interval, _stream.Measures ? applied.TotalMilliseconds : null, _stream.Measures ? folded.TotalMilliseconds : null, _violations.Total));
            })
            .RunAsync(ct).ConfigureAwait(false);
        var left = await _settlement.RunAsync(options.Settle, abandon).ConfigureAwait(false);
        if (left > 0) _violations.Add("not settled", $"{left} writes whose outcome was not known could not be repeated within {options.Settle.TotalSeconds} s");
        return new WorkerResult(
            new Dictionary<string, int>(_violations.Counts), [.. _violations.Kept], stats[0].Duration.TotalSeconds, _stream!.Measures,
            judge.Posts.Written(), judge.Likes.Written(), judge.Comments.Written());
    }

    public async ValueTask DisposeAsync()
    {
        _web?.Dispose();
        if (_stream is not null) await _stream.DisposeAsync().ConfigureAwait(false);
        if (_mesh is not null) await _mesh.DisposeAsync().ConfigureAwait(false);
    }
}

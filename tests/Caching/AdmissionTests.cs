using InstaGrpc.Contracts;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>One limit for all handler runs of cached methods on a node.</summary>
public sealed class AdmissionTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task NoMoreHandlersRunThanTheNodeMayHave()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader(options => options.AdmissionPerNode = 3);
        var (running, most) = (0, 0);
        var run = new ScriptedRun(async (_, _) =>
        {
            var now = Interlocked.Increment(ref running);
            lock (servers)
            {
                most = Math.Max(most, now);
            }

            await Task.Yield();
            Interlocked.Decrement(ref running);
            return ScriptedRun.Of("x");
        });
        await Task.WhenAll(Enumerable.Range(1, 100).Select(id => reader.ReadAsync(Thing, id, run)));
        Assert.Equal(100, run.Runs);
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task WhoWaitsIsLetInByPriorityAndTheLeastImportantIsRefusedFirst()
    {
        // Without a watermark: the limit holds for uncached reads as well.
        await using var mesh = new CacheFixture(servers.Addresses);
        var reader = mesh.NewReader(options => (options.AdmissionPerNode, options.AdmissionQueue) = (1, 2));
        var admission = reader.Reads.Runtime.Node(CacheFixture.Node).Admission;
        var phase = new Phase();
        var order = new List<string>();
        var first = reader.ReadAsync(Thing, 1, Named("first", phase));
        await phase.Reached;
        var sheddable = reader.ReadAsync(Thing, 2, Named("sheddable"), new ReadConditions { Priority = Priority.Sheddable });
        await Patience.UntilAsync(() => admission.Queued == 1, "one waits");
        var normal = reader.ReadAsync(Thing, 3, Named("normal"));
        await Patience.UntilAsync(() => admission.Queued == 2, "two wait");
        var critical = reader.ReadAsync(Thing, 4, Named("critical"), new ReadConditions { Priority = Priority.Critical });
        await Assert.ThrowsAsync<AdmissionRefusedException>(() => sheddable);
        await Assert.ThrowsAsync<AdmissionRefusedException>(
            () => reader.ReadAsync(Thing, 5, Named("late"), new ReadConditions { Priority = Priority.Sheddable }));
        phase.Open();
        await Task.WhenAll(first, normal, critical);

        Assert.Equal(["first", "critical", "normal"], order);
        Assert.Equal((0, 0), (admission.Running, admission.Queued));

        ScriptedRun Named(string name, Phase? hold = null) => new(async (_, cancellation) =>
        {
            lock (order)
            {
                order.Add(name);
            }

            await (hold?.PassAsync(cancellation) ?? Task.CompletedTask);
            return ScriptedRun.Of(name);
        });
    }

    [Fact]
    public async Task WhoseTimeIsOverIsRefusedAndLeavesNoPlaceTaken()
    {
        await using var mesh = new CacheFixture(servers.Addresses);
        var reader = mesh.NewReader(options => options.AdmissionPerNode = 1);
        var phase = new Phase();
        var first = reader.ReadAsync(Thing, 1, Held(phase));
        await phase.Reached;
        await Assert.ThrowsAsync<AdmissionRefusedException>(
            () => reader.ReadAsync(Thing, 2, new ScriptedRun(() => "x"), new ReadConditions { Remaining = TimeSpan.FromMilliseconds(50) }));
        using var gaveUp = new CancellationTokenSource();
        var third = reader.ReadAsync(Thing, 3, new ScriptedRun(() => "x"), cancellation: gaveUp.Token);
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);
        phase.Open();
        await first;
        Assert.Equal("x", Reader.Text(await reader.ReadAsync(Thing, 4, new ScriptedRun(() => "x"))));
    }

    [Fact]
    public async Task ANestedReadTakesItsOuterRunsPlace()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader(options => options.AdmissionPerNode = 1);
        var outer = await reader.ReadAsync(Thing, 1, new ScriptedRun(async (context, _) =>
        {
            var inner = await reader.ReadAsync(Thing, 2, new ScriptedRun(() => "inner"), new ReadConditions { Within = context });
            return ScriptedRun.Of($"outer of {Reader.Text(inner)}");
        }));
        Assert.Equal("outer of inner", Reader.Text(outer));
    }

    private static ScriptedRun Held(Phase phase) => new(async (_, cancellation) =>
    {
        await phase.PassAsync(cancellation);
        return ScriptedRun.Of("x");
    });
}

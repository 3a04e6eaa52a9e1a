using System.Text;
using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>A value that memcached gave before a change and that arrives here after it: what its copy may claim was noted before the question.
/// </summary>
public sealed class CopyOrderTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task ACopyDoesNotClaimAWatermarkThatIsNewerThanItsValue()
    {
        await using var held = await HeldRead.BeginAsync(servers.Addresses[0]);
        using var drops = new Feed(held.Reader, held.Mesh.Invalidator.Owner);
        await held.AskAsync();

        // Marked and applied; the drop is still on its way.
        await held.Mesh.Invalidator.ChangeAsync(3, Copied, "1");
        await held.AnswerAsync();
        var answer = await held.Reader.ReadAsync(
            Copied, 1, new ScriptedRun(() => "new"), new ReadConditions { Token = ScriptedInvalidator.Token(3) });

        Assert.Equal((CacheLevel.Filled, "new"), (answer.Level, Reader.Text(answer)));
    }

    [Fact]
    public async Task AStreamThatOpensVoidsWhatWasAskedForBeforeIt()
    {
        await using var held = await HeldRead.BeginAsync(servers.Addresses[0]);
        await held.AskAsync();

        // Its drop goes to nobody: the stream that could have brought it opens afterwards.
        await held.Mesh.Invalidator.ChangeAsync(3, Copied, "1");
        using var drops = new Feed(held.Reader, held.Mesh.Invalidator.Owner);
        await held.AnswerAsync();
        var answer = await held.Reader.ReadAsync(Copied, 1, new ScriptedRun(() => "new"));

        Assert.Equal((CacheLevel.Filled, "new"), (answer.Level, Reader.Text(answer)));
    }

    /// <param name="question">Which time that the look asks for the time: of the call, of the copy's end, of the watermark's age, of the stream's silence.</param>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task AStreamThatIsLostAndThereAgainDuringALookVoidsTheCopy(int question)
    {
        await using var mesh = new CacheFixture([servers.Addresses[0]]);
        await mesh.Invalidator.BeginAsync();
        var time = new InterruptedTime();
        await using var reads = new CachedReads(
            mesh.Pool, new TestClock(), new TestNumbers(), new CacheOptions { Prefix = mesh.Prefix, MaxLag = Phase.Limit }, time);
        Open();
        Assert.Equal(CacheLevel.Filled, (await ReadAsync()).Level);
        Assert.Equal(CacheLevel.L1, (await ReadAsync()).Level);

        var interrupted = false;
        time.Interrupt(question, () =>
        {
            // What was dropped in between went to nobody.
            interrupted = true;
            reads.LoseDrops(CacheFixture.Node);
            Open();
        });

        Assert.NotEqual(CacheLevel.L1, (await ReadAsync()).Level);
        Assert.True(interrupted);

        void Open() => Assert.True(reads.ApplyDrops(
            CacheFixture.Node, new Contracts.InvalidatorV1.WatchDropsResponse { Owner = mesh.Invalidator.Owner, Sequence = 1 }));

        async Task<CacheAnswer> ReadAsync() => await reads.GetAsync(
            reads.For(Copied), CacheFixture.Node, new Protos.GetThingRequest { Id = 1 }, new ReadConditions(), new ScriptedRun(() => "x"));
    }

    /// <summary>A clock that stands still, and does something when it is asked for the n-th time.</summary>
    private sealed class InterruptedTime : TimeProvider
    {
        private readonly long _now = TimeProvider.System.GetTimestamp();
        private Action? _action;
        private int _left;

        public void Interrupt(int question, Action action) => (_left, _action) = (question, action);

        public override long GetTimestamp()
        {
            if (_action is { } action && --_left == 0)
            {
                _action = null;
                action();
            }

            return _now;
        }
    }

    /// <summary>A read whose question memcached has answered, and whose answer has not arrived.</summary>
    private sealed class HeldRead : IAsyncDisposable
    {
        private readonly FaultProxy _proxy;
        private Task<CacheAnswer>? _read;

        private HeldRead(string address)
        {
            _proxy = new FaultProxy(address);
            Mesh = new CacheFixture([address]);
            Reader = Mesh.NewReader(through: [_proxy.Address]);
        }

        public CacheFixture Mesh { get; }

        public Reader Reader { get; }

        private byte[] Key => Mesh.Invalidator.KeyOf(Copied, "1").Under(Mesh.Invalidator.Generation);

        /// <summary>There is a value "old" that nobody has asked for yet.</summary>
        public static async Task<HeldRead> BeginAsync(string address)
        {
            var held = new HeldRead(address);
            await held.Mesh.Invalidator.BeginAsync();
            await held.Mesh.NewReader().ReadAsync(Copied, 1, new ScriptedRun(() => "old"));
            Assert.False(await held.IsFetchedAsync());
            return held;
        }

        public async Task AskAsync()
        {
            var asked = _proxy.HoldRepliesFrom($"mg {Encoding.ASCII.GetString(Key)}");
            _read = Reader.ReadAsync(Copied, 1, new ScriptedRun(() => "none"));
            await asked.WaitAsync(Phase.Limit);
            await Patience.UntilAsync(IsFetchedAsync, "memcached has answered");
        }

        public async Task AnswerAsync()
        {
            _proxy.ReleaseReplies();
            var answer = await _read!;
            Assert.Equal((CacheLevel.Memcached, "old"), (answer.Level, Reader.Text(answer)));
        }

        public async ValueTask DisposeAsync()
        {
            _proxy.ReleaseReplies();
            await Mesh.DisposeAsync();
            await _proxy.DisposeAsync();
        }

        // Looking is no access.
        private async Task<bool> IsFetchedAsync()
        {
            await using var connection = await Mesh.Pool.Servers[0].ConnectExclusiveAsync();
            return (await connection.DebugAsync(Key))!.Fetched;
        }
    }
}

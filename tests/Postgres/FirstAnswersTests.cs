using Google.Protobuf.WellKnownTypes;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres.Tests;

public class FirstAnswersTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly NodeName _n1 = new("n1");
    private static readonly RequestKey _key = new(RoutingId: 5, UserId: 6, RequestId: "r", Method: "M");

    [Fact]
    public async Task TheSameRequestGetsTheFirstAnswerAndOthersTheirOwn()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        Assert.Equal("first", await OnceAsync(nodes, _key, "first"));
        Assert.Equal("first", await OnceAsync(nodes, _key, "second"));
        Assert.Equal("other", await OnceAsync(nodes, _key with { RequestId = "s" }, "other"));
        Assert.Equal("of another user", await OnceAsync(nodes, _key with { UserId = 7 }, "of another user"));
        await Assert.ThrowsAsync<RequestIdReusedException>(() => OnceAsync(nodes, _key with { Method = "N" }, "x"));
    }

    [Fact]
    public async Task AnEmptyAnswerIsAnAnswer()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        Assert.Equal("", await OnceAsync(nodes, _key, ""));
        Assert.Equal("", await OnceAsync(nodes, _key, "second"));
    }

    [Fact]
    public async Task AnAnswerPastItsTimeIsMadeAgain()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await OnceAsync(nodes, _key, "first");
        await nodes.Nodes[_n1].ExecuteAsync("UPDATE requests SET created_at = now() - interval '23 hours 59 minutes'");
        Assert.Equal("first", await OnceAsync(nodes, _key, "second"));
        await nodes.Nodes[_n1].ExecuteAsync("UPDATE requests SET created_at = now() - interval '24 hours 1 minute'");
        Assert.Equal("third", await OnceAsync(nodes, _key, "third"));
        Assert.Equal("third", await OnceAsync(nodes, _key, "fourth"));
    }

    [Theory]
    [InlineData(false, "first")]
    [InlineData(true, "second")]
    public async Task ADuplicateThatRunsAtTheSameTimeWaitsForTheFirstOnesEnd(bool firstFails, string answer)
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var began = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        var first = OnceAsync(nodes, _key, "first", async () =>
        {
            began.SetResult();
            await end.Task;
            if (firstFails)
            {
                throw new FormatException();
            }
        });
        await began.Task.WaitAsync(Patience.Limit);
        var second = OnceAsync(nodes, _key, "second");
        await Patience.UntilAsync(
            async () => await nodes.Nodes[_n1].QueryAsync<bool>(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"),
            "the duplicate waits");
        end.SetResult();
        if (firstFails)
        {
            await Assert.ThrowsAsync<FormatException>(() => first);
        }
        else
        {
            Assert.Equal("first", await first);
        }

        Assert.Equal(answer, await second);
    }

    private static async Task<string> OnceAsync(TestNodes nodes, RequestKey key, string answer, Func<Task>? meanwhile = null)
    {
        var answers = new FirstAnswers(nodes.Options);
        await using var run = new Run(nodes.Pool);
        var given = await run.Writes.RunAsync(
            _n1,
            (_, transaction, ct) => answers.OnceAsync(
                transaction,
                key,
                async _ =>
                {
                    await (meanwhile?.Invoke() ?? Task.CompletedTask);
                    return new StringValue { Value = answer };
                },
                ct),
            Patience.Token());
        return given.Value;
    }
}

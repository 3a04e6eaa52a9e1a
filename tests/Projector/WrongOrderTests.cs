using InstaGrpc.Services.Projector.Internal;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;
using Npgsql;
using Xunit.Sdk;

namespace InstaGrpc.Services.Projector.Tests;

/// <summary>Orders that the design rules out, planted the wrong way round: each loses something, and the checks of the other tests see
/// it.</summary>
public sealed class WrongOrderTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ATimelineThatIsDroppedBeforeTheEdgeMissesAPost(bool rightWay)
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        var (author, reader) = (nodes.Users[0], FanoutNodes.Readers(1)[0]);
        var appender = new TimelineAppender(fanout.Pool, new TimelineKey(nodes.Settings["Insta:Prefix"]!));
        await fanout.OpenTimelinesAsync([reader]);
        // He follows: committed at the truth, not folded yet.
        await fanout.FollowAsync(author, [reader]);

        if (!rightWay)
        {
            await appender.DropAsync(new[] { reader }, nodes.Limit);
            // His next read builds, before the post.
            await fanout.OpenTimelinesAsync([reader]);
        }

        var post = TwoNodes.PostOf(author, 1);
        await fanout.PostAsync(author, post);
        // Fanned out before the edge.
        await appender.AppendAsync(await FollowersAsync(nodes, author), TimelineEntry.Post(post), nodes.Limit);
        await AddEdgeAsync(nodes, author, reader);
        if (rightWay)
        {
            await appender.DropAsync(new[] { reader }, nodes.Limit);
        }

        var hasPost = await fanout.TimelineAsync(reader) is not { } timeline || timeline.Contains(TimelineEntry.Post(post));
        Assert.Equal(rightWay, hasPost);
    }

    [Fact]
    public async Task ANoticeThatComesAfterTheLastPushLeavesATimelineWithNeither()
    {
        await using var fanout = await FanoutNodes.CreateAsync(_servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        var projecting = await nodes.StartProjectorAsync();
        var author = nodes.Users[0];
        var readers = FanoutNodes.Readers(101);
        await fanout.FollowAsync(author, readers[..100]);
        await fanout.SettleAsync();
        await fanout.OpenTimelinesAsync(readers[..1]);
        await nodes.StopAsync(projecting);
        await nodes.ExecuteAsync(author, $"""
            UPDATE user_counts SET followers = 101 WHERE user_id = {author};
            INSERT INTO fanout_jobs (author_id, kind, subject_id, ended_at) VALUES ({author}, 2, {author}, now())
            """);
        await nodes.StartProjectorAsync();
        var post = TwoNodes.PostOf(author, 1);
        await fanout.PostAsync(author, post);
        await fanout.SettleAsync();
        Assert.Empty(await fanout.EntriesAsync(readers[0]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task APositionThatIsStoredApartFromTheRowsLosesOrDoublesThem(bool ahead)
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        await nodes.StartChangesAsync();
        var projecting = await nodes.StartProjectorAsync();
        await nodes.SettleAsync();
        var post = TwoNodes.PostOf(nodes.Users[0], 1);
        await nodes.ExecuteAsync(post, $"INSERT INTO media (id, owner_id) VALUES ({post}, {nodes.Users[0]})");
        await nodes.SettleAsync();
        var node = nodes.NodeOf(post);
        await nodes.StopAsync(projecting);
        await nodes.ExecuteAsync(node, "CREATE TABLE former AS SELECT * FROM stream_positions");
        projecting = await nodes.StartProjectorAsync();
        await nodes.ExecuteAsync(post, $"INSERT INTO likes (media_id, user_id) VALUES ({post}, 1)");
        await nodes.SettleAsync();
        await nodes.StopAsync(projecting);
        // Ahead: the position was stored, the rows were not. Else the other way round.
        await nodes.ExecuteAsync(node, ahead
            ? "UPDATE media_counts SET likes = 0"
            : "DELETE FROM stream_positions; INSERT INTO stream_positions SELECT * FROM former");
        await nodes.StartProjectorAsync();
        await nodes.SettleAsync();
        await Assert.ThrowsAnyAsync<XunitException>(nodes.VerifyAsync);
    }

    private static async Task<long[]> FollowersAsync(TwoNodes nodes, long author) =>
        await nodes.QueryAsync<long[]>(nodes.NodeOf(author), $"SELECT ARRAY (SELECT follower_id FROM followers WHERE followee_id = {author})");

    private static async Task AddEdgeAsync(TwoNodes nodes, long author, long reader)
    {
        await using var connection = await nodes.OpenAsync(nodes.NodeOf(author));
        await using var command = new NpgsqlCommand(FeedProjectionSql.AddEdges, connection);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [author] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [reader] });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = 100 });
        await command.ExecuteNonQueryAsync(nodes.Limit);
    }
}

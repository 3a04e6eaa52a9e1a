using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class NotificationTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task EachEventIsToldOnceAndOnTheNodeOfWhoIsTold()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        // What came and went before the first look at the rows is told to nobody.
        await nodes.SettleAsync();
        var (owner, other, friend) = (nodes.Users[0], nodes.Users[1], nodes.Users[2]);
        var post = TwoNodes.PostOf(owner, 1);
        await nodes.ExecuteAsync(owner, $"INSERT INTO media (id, owner_id, caption) VALUES ({post}, {owner}, 'with @u1, @u2. and @u0 and @nobody, not a@u3')");
        for (var time = 0; time < 2; time++)
        {
            await nodes.ExecuteAsync(owner, $"INSERT INTO likes (media_id, user_id) VALUES ({post}, {other}), ({post}, {owner})");
            await nodes.ExecuteAsync(owner, $"DELETE FROM likes");
            await nodes.ExecuteAsync(other, $"INSERT INTO follows (follower_id, followee_id) VALUES ({other}, {owner})");
            await nodes.ExecuteAsync(other, $"DELETE FROM follows");
        }

        await nodes.ExecuteAsync(
            owner, $"INSERT INTO comments (media_id, id, author_id, text) VALUES ({post}, 7, {other}, 'hello @U2 @u2'), ({post}, 8, {owner}, 'thanks @u1')");
        await nodes.SettleAsync();

        Assert.Equal(
            [(1, other, post, 0L), (2, other, post, 7L), (3, other, 0L, 0L)], await ToldAsync(nodes, owner));
        Assert.Equal([(4, owner, post, 0L), (4, owner, post, 8L)], await ToldAsync(nodes, other));
        Assert.Equal([(4, owner, post, 0L), (4, other, post, 7L)], await ToldAsync(nodes, friend));
        Assert.Empty(await ToldAsync(nodes, nodes.Users[3]));

        // Forgotten, and told again by a rebuild; a second one has nothing to tell.
        await nodes.ExecuteAsync(other, $"DELETE FROM notifications WHERE kind = 4");
        for (var time = 0; time < 2; time++)
        {
            foreach (var node in nodes.Pool.DataNodes)
            {
                await nodes.Rebuild.RunAsync(node, null, nodes.Limit);
            }

            Assert.Equal([(4, owner, post, 0L), (4, owner, post, 8L)], await ToldAsync(nodes, other));
        }
    }

    [Fact]
    public async Task WhoHasSeenAnIdHasSeenAllBeforeItAlthoughBothNodesTellTheSameUser()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var told = nodes.Users[0];
        var seen = new HashSet<long>();
        var last = 0L;
        var followers = FanoutNodes.Readers(300);
        var writing = Task.WhenAll(followers.Chunk(150).Select(async some =>
        {
            foreach (var follower in some)
            {
                await nodes.ExecuteAsync(follower, $"INSERT INTO follows (follower_id, followee_id) VALUES ({follower}, {told})");
            }
        }));
        while (seen.Count < followers.Length)
        {
            await using var connection = await nodes.OpenAsync(nodes.NodeOf(told));
            await using var command = new Npgsql.NpgsqlCommand(
                $"SELECT id, actor_id FROM notifications WHERE user_id = {told} AND id > {last} ORDER BY id", connection);
            await using var reader = await command.ExecuteReaderAsync(nodes.Limit);
            while (await reader.ReadAsync(nodes.Limit))
            {
                last = reader.GetInt64(0);
                Assert.True(seen.Add(reader.GetInt64(1)));
            }
        }

        await writing;
    }

    private static async Task<List<(int Kind, long Actor, long Media, long Comment)>> ToldAsync(TwoNodes nodes, long user)
    {
        await using var connection = await nodes.OpenAsync(nodes.NodeOf(user));
        await using var command = new Npgsql.NpgsqlCommand(
            $"SELECT kind, actor_id, media_id, comment_id FROM notifications WHERE user_id = {user} ORDER BY 1, 2, 3, 4", connection);
        await using var reader = await command.ExecuteReaderAsync(nodes.Limit);
        List<(int, long, long, long)> told = [];
        while (await reader.ReadAsync(nodes.Limit))
        {
            told.Add((reader.GetInt16(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)));
        }

        return told;
    }
}

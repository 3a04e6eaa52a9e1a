using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Media.Tests;

/// <summary>The words that the projector would write are written here by hand.</summary>
public class SearchTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task PostsAreFoundOnceByTheBeginningOfAWordInPagesOverBothNodes()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        List<long> posts = [];
        foreach (var (node, caption) in new[] { ("n1", "Sun and sunset"), ("n2", "sunday"), ("n1", "SUN"), ("n2", "sun, sunny"), ("n1", "moon") })
        {
            var user = await mesh.UserAsync(node, posts.Count);
            var post = await mesh.PostAsync(user, caption);
            posts.Add(post.Id);
            foreach (var word in SearchWords.Of(caption))
            {
                await mesh.DatabaseOf(node).ExecuteAsync($"INSERT INTO search_terms (subject_id, kind, term) VALUES ({post.Id}, 2, '{word}')");
            }
        }

        // By word, the newest of a word first; none twice.
        long[] expected = [.. new[] { posts[0], posts[2], posts[3] }.OrderDescending(), posts[1]];
        foreach (var size in new[] { 1, 2, 3, 100 })
        {
            Assert.Equal(expected, await WalkAsync("#Sun", size));
        }

        Assert.Equal([posts[1]], await WalkAsync("sund", 2));
        await mesh.DatabaseOf("n1").ExecuteAsync($"UPDATE media SET deleted = true, deleted_at = now() WHERE id = {posts[2]}");
        Assert.Equal(expected.Where(id => id != posts[2]), await WalkAsync("sun", 1));

        // Who is hidden from the one who asks, by either's block, is not found.
        var asking = await mesh.UserAsync("n1", 100);
        await mesh.DatabaseOf("n1").ExecuteAsync($"INSERT INTO blocks (blocker_id, blocked_id) SELECT {asking}, owner_id FROM media WHERE id = {posts[0]}");
        Assert.DoesNotContain(posts[0], (await mesh.As(asking).SearchAsync(new SearchRequest { Prefix = "sun" })).Media.Select(static post => post.Id));

        var token = (await mesh.Service.SearchAsync(new SearchRequest { Prefix = "sun", PageSize = 1 })).NextPageToken;
        foreach (var request in new SearchRequest[]
        {
            new(), new() { Prefix = "two words" }, new() { Prefix = "sun", PageSize = 101 }, new() { Prefix = "su", PageToken = token },
            new() { Prefix = "sun", PageToken = "made up" },
        })
        {
            await mesh.Service.SearchAsync(request).FailsAsync(StatusCode.InvalidArgument);
        }

        async Task<List<long>> WalkAsync(string prefix, int size)
        {
            List<long> found = [];
            var pageToken = "";
            do
            {
                var page = await mesh.Service.SearchAsync(new SearchRequest { Prefix = prefix, PageSize = size, PageToken = pageToken });
                Assert.InRange(page.Media.Count, 0, size);
                found.AddRange(page.Media.Select(static post => post.Id));
                pageToken = page.NextPageToken;
            }
            while (pageToken.Length > 0);
            return found;
        }
    }
}

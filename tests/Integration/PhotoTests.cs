using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Embedded;
using InstaGrpc.Photos;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Integration.Tests;

/// <summary>Photos as browsers and edges ask for them.</summary>
public sealed class PhotoTests(RunningMesh running) : IClassFixture<RunningMesh>, IDisposable
{
    private readonly HttpClient _client = new() { BaseAddress = new Uri("http://" + running.Mesh.WebOf("app")) };

    private RunningMesh Mesh => running.Mesh;

    [Fact]
    public async Task AVariantIsServedAsTheClientTakesItAndKeptForLong()
    {
        var post = await NewPostAsync(1, 640, 480);

        using var webp = await GetAsync(post, PhotoVariant.Large, "image/avif,image/webp,*/*");
        Assert.Equal("image/webp", webp.Content.Headers.ContentType!.MediaType);
        Assert.Equal("public, max-age=604800, immutable, stale-while-revalidate=86400", webp.Headers.GetValues("Cache-Control").Single());
        Assert.Equal(["Accept", "Save-Data"], webp.Headers.Vary);
        Assert.Equal("nosniff", webp.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(webp.Headers.ETag!.IsWeak);

        using var jpeg = await GetAsync(post, PhotoVariant.Large, "*/*");
        Assert.Equal("image/jpeg", jpeg.Content.Headers.ContentType!.MediaType);
        Assert.NotEqual(webp.Headers.ETag, jpeg.Headers.ETag);

        using var light = await GetAsync(post, PhotoVariant.Large, "image/webp", request => request.Headers.Add("Save-Data", "on"));
        Assert.True(light.Content.Headers.ContentLength < webp.Content.Headers.ContentLength);
        Assert.NotEqual(webp.Headers.ETag, light.Headers.ETag);

        using var thumb = await GetAsync(post, PhotoVariant.Thumb, "image/webp");
        Assert.StartsWith("public, max-age=2592000", thumb.Headers.GetValues("Cache-Control").Single(), StringComparison.Ordinal);

        using var head = await GetAsync(post, PhotoVariant.Large, "image/webp", request => request.Method = HttpMethod.Head);
        Assert.Equal(webp.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task OneConnectionServesOneAnswerAfterAnother()
    {
        var post = await NewPostAsync(1, 64, 48);
        var connections = 0;
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, ct) =>
            {
                connections++;
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        }) { BaseAddress = _client.BaseAddress };
        foreach (var variant in (PhotoVariant[])[PhotoVariant.Thumb, PhotoVariant.Original, PhotoVariant.Thumb, PhotoVariant.Avatar, PhotoVariant.Thumb])
        {
            using var answer = await client.GetAsync(PhotoUrl.Of(post.Id, 0, post.Photos[0].BlobId, variant));
            await answer.Content.ReadAsByteArrayAsync();
        }

        Assert.Equal(1, connections);
    }

    [Fact]
    public async Task WhatIsNotDeclaredIsNotThere()
    {
        var post = await NewPostAsync(2, 64, 48);
        var blob = post.Photos[0].BlobId;
        string[] paths =
        [
            $"/media/{post.Id}/0/{blob}/huge", $"/media/{post.Id}/0/{blob}/1081", $"/media/{post.Id}/1/{blob}/large", $"/media/{post.Id}/0/{blob}/avatar",
            $"/media/{post.Id}/0/{new string('0', 64)}/large", $"/media/{post.Id + 1}/0/{blob}/large", $"/media/0/0/{blob}/large", $"/media/x/0/{blob}/large",
        ];
        foreach (var path in paths)
        {
            using var answer = await _client.GetAsync(path);
            Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{path}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task AnOriginalIsServedByRanges()
    {
        var photo = GeneratedPicture.Png(3, 320, 240);
        var post = await Mesh.NewPhotoAsync((await Mesh.NewUserAsync()).Id, photo);

        using var whole = await GetAsync(post, PhotoVariant.Original, "*/*");
        Assert.Equal((HttpStatusCode.OK, "image/png"), (whole.StatusCode, whole.Content.Headers.ContentType!.MediaType));
        Assert.Equal(photo, await whole.Content.ReadAsByteArrayAsync());
        Assert.Equal("bytes", whole.Headers.AcceptRanges.Single());

        foreach (var (from, to, expected) in ((long?, long?, byte[])[])[(10, 19, photo[10..20]), (photo.Length - 5, null, photo[^5..]), (null, 7, photo[^7..])])
        {
            using var part = await GetAsync(post, PhotoVariant.Original, "*/*", request => request.Headers.Range = new RangeHeaderValue(from, to));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(expected, await part.Content.ReadAsByteArrayAsync());
            Assert.Equal(photo.Length, part.Content.Headers.ContentRange!.Length);
        }

        using var beyond = await GetAsync(post, PhotoVariant.Original, "*/*", request => request.Headers.Range = new RangeHeaderValue(photo.Length, null));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        using var other = await GetAsync(post, PhotoVariant.Original, "*/*", request =>
        {
            request.Headers.Range = new RangeHeaderValue(0, 1);
            request.Headers.IfRange = new RangeConditionHeaderValue("\"another\"");
        });
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task AWarmNotModifiedRunsNoSqlAndTouchesNoStore()
    {
        var post = await NewPostAsync(4, 64, 48);
        using var first = await GetAsync(post, PhotoVariant.Thumb, "image/webp");
        // Cached by now, or soon: the contract may just have been announced.
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        while (!await IsFromCopyAsync())
        {
            limit.Token.ThrowIfCancellationRequested();
        }

        var source = await Mesh.PostgresOfAsync(post.Id);
        var (scans, operations) = (await RunningMesh.ScansAsync(source, "media"), await OperationsAsync());
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(HttpStatusCode.NotModified, await AgainAsync());
        }

        Assert.Equal(operations, await OperationsAsync());
        // Other tests of the assembly run one after another with this one; the mesh' own rounds look at the table now and then.
        Assert.InRange(await RunningMesh.ScansAsync(source, "media") - scans, 0, 20);

        async Task<HttpStatusCode> AgainAsync()
        {
            using var again = await GetAsync(post, PhotoVariant.Thumb, "image/webp", request => request.Headers.IfNoneMatch.Add(first.Headers.ETag!));
            Assert.Equal(first.Headers.ETag, again.Headers.ETag);
            return again.StatusCode;
        }

        async Task<bool> IsFromCopyAsync()
        {
            var before = await Mesh.CacheReadsAsync("insta.media.v1.MediaService/GetPhotos", "l1");
            await AgainAsync();
            return await Mesh.CacheReadsAsync("insta.media.v1.MediaService/GetPhotos", "l1") > before;
        }

        Task<long> OperationsAsync() =>
            RunningMesh.CountedAsync(Mesh.Webs, static line => line.StartsWith("insta_photos_store_operations", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ADeletedPhotoIsGoneAndAnAvatarGoesWithItsUser()
    {
        var user = (await Mesh.NewUserAsync()).Id;
        var post = await Mesh.NewPhotoAsync(user, GeneratedPicture.Png(5, 200, 200));
        await Mesh.Graph.SetAvatarAsync(new SetAvatarRequest { MediaId = post.Id }, RunningMesh.AsUser(user));
        var avatar = PhotoUrl.OfAvatar(user, post.Photos[0].BlobId)!;
        await UntilAsync(avatar, HttpStatusCode.OK);
        using (var answer = await _client.GetAsync(avatar))
        {
            Assert.StartsWith("public, max-age=86400", answer.Headers.GetValues("Cache-Control").Single(), StringComparison.Ordinal);
        }

        var url = PhotoUrl.Of(post.Id, 0, post.Photos[0].BlobId, PhotoVariant.Small);
        await UntilAsync(url, HttpStatusCode.OK);
        await Mesh.Media.DeleteMediaAsync(new DeleteMediaRequest { MediaId = post.Id }, RunningMesh.AsUser(user));
        await UntilAsync(url, HttpStatusCode.Gone);
        await UntilAsync(avatar, HttpStatusCode.OK);
        await Mesh.Graph.DeleteUserAsync(new DeleteUserRequest { UserId = user }, RunningMesh.AsUser(user));
        await UntilAsync(avatar, HttpStatusCode.Gone);
    }

    [Fact]
    public async Task AVariantIsMadeOnceHoweverManyAskTwoProcessesForIt()
    {
        var post = await NewPostAsync(6, 1600, 1200);
        var (grpc, web) = (LoopbackPort.Free(), LoopbackPort.Free());
        var variables = new Dictionary<string, string>(Mesh.Variables)
        {
            ["INSTA__GRPC__LISTEN"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{grpc}"),
            ["INSTA__WEB__LISTEN"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{web}"),
        };
        await using var second = InstaProcess.Start(variables, "serve", "--roles", "id,media,feed,gateway");
        using var other = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{web}")) };
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        while (!await IsReadyAsync(other))
        {
            limit.Token.ThrowIfCancellationRequested();
        }

        var webs = Mesh.Webs.Append(other.BaseAddress!).ToArray();
        var before = await MadeAsync(webs);
        var path = PhotoUrl.Of(post.Id, 0, post.Photos[0].BlobId, PhotoVariant.Large);
        var bodies = await Task.WhenAll(Enumerable.Range(0, 100).Select(n => (n % 2 == 0 ? _client : other).GetByteArrayAsync(path)));

        Assert.All(bodies, body => Assert.Equal(bodies[0], body));
        Assert.Equal(before + 1, await MadeAsync(webs));

        static Task<long> MadeAsync(Uri[] webs) =>
            RunningMesh.CountedAsync(webs, static line => line.StartsWith("insta_photos_variants_made", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnEdgeAnswersNineOfTenAndForgetsWhatIsDeleted()
    {
        using var edge = new CachingEdge(Mesh.EdgePort, _client.BaseAddress!, most: 70);
        using var client = new HttpClient { BaseAddress = edge.Address };
        var user = (await Mesh.NewUserAsync()).Id;
        List<(Media Post, string Path, string Accept)> urls = [];
        for (var i = 0; i < 15; i++)
        {
            var post = await Mesh.NewPhotoAsync(user, GeneratedPicture.Png(1000 + i, 60, 40));
            foreach (var variant in (PhotoVariant[])[PhotoVariant.Thumb, PhotoVariant.Small, PhotoVariant.Large])
            {
                urls.Add((post, PhotoUrl.Of(post.Id, 0, post.Photos[0].BlobId, variant), "image/webp"));
                urls.Add((post, PhotoUrl.Of(post.Id, 0, post.Photos[0].BlobId, variant), "*/*"));
            }
        }

        // Zipf: the k-th most popular of 90 URLs is asked for 1/k as often as the first; the edge has room for 70.
        var random = new Random(7);
        List<double> sums = [];
        for (var k = 1; k <= urls.Count; k++)
        {
            sums.Add(sums.LastOrDefault() + (1.0 / k));
        }

        for (var i = 0; i < 4000; i++)
        {
            var drawn = sums.BinarySearch(random.NextDouble() * sums[^1]);
            var (_, path, accept) = urls[drawn < 0 ? ~drawn : drawn];
            Assert.Equal(HttpStatusCode.OK, await AskAsync(client, path, accept));
        }

        var rate = edge.Hits / (double)(edge.Hits + edge.Misses);
        Assert.True(rate >= 0.9, $"{rate:P1} of {edge.Hits + edge.Misses}");

        var first = urls[0];
        await Mesh.Media.DeleteMediaAsync(new DeleteMediaRequest { MediaId = first.Post.Id }, RunningMesh.AsUser(user));
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        while (edge.Purged == 0 || await AskAsync(client, first.Path, first.Accept) != HttpStatusCode.Gone)
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    public void Dispose() => _client.Dispose();

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync("/readyz");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<Media> NewPostAsync(int picture, int width, int height) =>
        await Mesh.NewPhotoAsync((await Mesh.NewUserAsync()).Id, GeneratedPicture.Png(picture, width, height));

    private async Task<HttpResponseMessage> GetAsync(Media post, PhotoVariant variant, string accept, Action<HttpRequestMessage>? more = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, PhotoUrl.Of(post.Id, 0, post.Photos[0].BlobId, variant));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        more?.Invoke(request);
        return await _client.SendAsync(request);
    }

    private async Task UntilAsync(string path, HttpStatusCode status)
    {
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        while (true)
        {
            using var answer = await _client.GetAsync(path);
            if (answer.StatusCode == status)
            {
                return;
            }

            limit.Token.ThrowIfCancellationRequested();
        }
    }
}

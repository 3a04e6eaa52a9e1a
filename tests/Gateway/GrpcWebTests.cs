using System.Net;
using System.Text;
using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Gateway.Tests;

/// <summary>gRPC-Web by its protocol document; what clients make of it is in tests/Clients.</summary>
public sealed class GrpcWebTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const string Home = "insta.app.v1.AppService/Home";
    private const string Page = "https://photos.example.org";

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/grpc-web-text")]
    [InlineData("application/grpc-web-text+proto")]
    [InlineData("application/grpc-web+proto; charset=utf-8", "application/grpc-web+proto")]
    public async Task MessagesThenTrailersInTheFormatThatWasAskedFor(string type, string? answered = null)
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var session = await mesh.SessionAsync();

        using var answer = await mesh.PostAsync("insta.app.v1.AppService/Post", new PostRequest { Caption = "hello", RequestId = "1" }, type, session);
        var (status, frames) = await WebFrames.StatusAsync(answer);

        Assert.Equal(answered ?? type, answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("0", status);
        Assert.Equal("hello", PostResponse.Parser.ParseFrom(Assert.Single(frames!.Messages)).Post.Media.Caption);
        Assert.Contains("=", frames.Trailers["insta-lsn"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task TextIsAnsweredWhereAcceptAsksForIt()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var session = await mesh.SessionAsync();

        using var answer = await mesh.PostAsync(Home, new HomeRequest(), session: session, headers: ("Accept", "application/grpc-web-text"));

        Assert.Equal("application/grpc-web-text+proto", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("0", (await WebFrames.StatusAsync(answer)).Status);
    }

    [Theory]
    [InlineData(20, HttpStatusCode.OK)]
    [InlineData(500, HttpStatusCode.BadRequest)]
    public async Task ABodyOfTextHasALimitOfItsOwn(int letters, HttpStatusCode answered)
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:GrpcWeb:LargestTextRequest", "200"));

        using var answer = await mesh.PostAsync(Home, new HomeRequest { PageToken = new string('a', letters) }, "application/grpc-web-text");

        Assert.Equal(answered, answer.StatusCode);
        Assert.Equal(letters > 200, (await answer.Content.ReadAsStringAsync()).Contains("longer than 200 bytes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/grpc-web-text+proto")]
    public async Task EachMessageOfAStreamCanBeReadWhenItComes(string type)
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var ada = await mesh.SessionAsync();
        var ben = await mesh.SessionAsync();
        var database = await mesh.DatabaseOfAsync(ada.User.Id);
        using var answer = await mesh.PostAsync("insta.app.v1.AppService/Notifications", new NotificationsRequest(), type, ada);
        await using var body = await answer.Content.ReadAsStreamAsync();

        // There is no projector here: what it would write. The next one only when the one before has been read whole.
        for (var id = 1; id <= 3; id++)
        {
            await database.ExecuteAsync(
                $"""
                INSERT INTO notifications (user_id, id, kind, actor_id, media_id, comment_id, created_at)
                VALUES ({ada.User.Id}, {id}, 3, {ben.User.Id}, 0, {id}, now());
                INSERT INTO notification_heads (user_id, ordinal) VALUES ({ada.User.Id}, {id})
                ON CONFLICT (user_id) DO UPDATE SET ordinal = excluded.ordinal;
                SELECT pg_notify('insta_notifications', '')
                """);
            var message = NotificationsResponse.Parser.ParseFrom(await MessageAsync(body, type.Contains("-text", StringComparison.Ordinal)));
            Assert.Equal(id, message.Notification.Id);
            Assert.Equal(ben.User.Name, message.Actor.Name);
        }
    }

    [Fact]
    public async Task ARefusalOfTrailersAloneHasThemAsHeaders()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);

        using var answer = await mesh.PostAsync(Home, new HomeRequest());

        Assert.Equal("16", answer.Headers.GetValues("grpc-status").Single());
        Assert.Equal("application/grpc-web+proto", answer.Content.Headers.ContentType!.MediaType);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("application/json", HttpStatusCode.UnsupportedMediaType, "application/grpc-web+proto")]
    [InlineData("application/grpc-web+json", HttpStatusCode.UnsupportedMediaType, "application/grpc-web+proto")]
    public async Task WhatIsNoGrpcWebIsToldWhatWouldBe(string type, HttpStatusCode status, string says)
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);

        using var answer = await mesh.PostAsync(Home, new HomeRequest(), type);

        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(says, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABodyThatIsNotBase64IsRefusedInWords()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        using var content = new StringContent("!!!!");
        content.Headers.ContentType = new("application/grpc-web-text");

        using var answer = await mesh.Http.PostAsync(Home, content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("not base64", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnAnswerOfMoreThanAKilobyteIsCompressedAndASmallOneOrASessionIsNot()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var session = await mesh.SessionAsync();
        var app = mesh.AppAs(session);
        using var small = await mesh.PostAsync(Home, new HomeRequest(), session: session, headers: ("Accept-Encoding", "gzip"));
        for (var i = 0; i < 3; i++)
        {
            await app.PostAsync(new PostRequest { Caption = new string('x', 1000), RequestId = $"{i}" });
        }

        using var large = await mesh.PostAsync(Home, new HomeRequest(), session: session, headers: ("Accept-Encoding", "gzip"));
        using var plain = await mesh.PostAsync(Home, new HomeRequest(), session: session);
        using var signUp = await mesh.PostAsync("insta.app.v1.AppService/SignUp",
            new SignUpRequest { Name = "compressed", Password = GatewayMesh.Password, RequestId = "1" }, headers: ("Accept-Encoding", "gzip"));

        Assert.Empty(small.Content.Headers.ContentEncoding);
        Assert.Empty(signUp.Content.Headers.ContentEncoding);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Equal("gzip", large.Content.Headers.ContentEncoding.Single());
        await using var unzipped = new System.IO.Compression.GZipStream(
            await large.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        await unzipped.CopyToAsync(bytes);
        var frames = WebFrames.Read(bytes.ToArray());
        Assert.Equal("0", frames.Trailers["grpc-status"]);
        Assert.Equal(3, HomeResponse.Parser.ParseFrom(Assert.Single(frames.Messages)).Posts.Count);

        // By gRPC's own means over gRPC, which Grpc.Net.Client undoes.
        Assert.Equal(3, (await app.HomeAsync(new HomeRequest())).Posts.Count);
    }

    [Fact]
    public async Task AMessageLargerThanTheLimitIsRefused()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var session = await mesh.SessionAsync();

        using var answer = await mesh.PostAsync(
            "insta.app.v1.AppService/Post", new PostRequest { Caption = new string('x', 5 * 1024 * 1024), RequestId = "1" }, session: session);

        Assert.Equal("8", (await WebFrames.StatusAsync(answer)).Status);
    }

    [Fact]
    public async Task APageOfAnotherOriginIsLetInWhenItIsNamed()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:GrpcWeb:Origins:0", Page));
        var session = await mesh.SessionAsync();

        using var preflight = await PreflightAsync(mesh, Page);
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal(Page, preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("POST", preflight.Headers.GetValues("Access-Control-Allow-Methods").Single());
        Assert.Contains("insta-lsn", preflight.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);

        using var answer = await mesh.PostAsync(Home, new HomeRequest(), session: session, headers: ("Origin", Page));
        Assert.Equal(Page, answer.Headers.GetValues("Access-Control-Allow-Origin").Single());

        // A refusal's status stands in headers, which its scripts must see.
        using var refusal = await mesh.PostAsync(Home, new HomeRequest(), headers: ("Origin", Page));
        Assert.Contains("grpc-status", refusal.Headers.GetValues("Access-Control-Expose-Headers").Single(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task APageOfAnotherOriginIsRefusedWithTheSettingThatWouldLetItIn()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);

        using var preflight = await PreflightAsync(mesh, Page);
        using var call = await mesh.PostAsync(Home, new HomeRequest(), headers: ("Origin", Page));
        using var own = await mesh.PostAsync(Home, new HomeRequest(), headers: ("Origin", mesh.Http.BaseAddress!.GetLeftPart(UriPartial.Authority)));

        Assert.Equal(HttpStatusCode.Forbidden, preflight.StatusCode);
        Assert.Contains("Insta:GrpcWeb:Origins", await preflight.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, call.StatusCode);
        Assert.Equal("16", own.Headers.GetValues("grpc-status").Single());
    }

    private static async Task<HttpResponseMessage> PreflightAsync(GatewayMesh mesh, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, Home);
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "content-type,x-grpc-web,authorization,insta-lsn");
        return await mesh.Http.SendAsync(request);
    }

    private static async Task<byte[]> MessageAsync(Stream body, bool isText)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var bytes = new List<byte>();
        var buffer = new byte[4096];
        while (true)
        {
            var read = await body.ReadAsync(buffer, limit.Token);
            Assert.True(read > 0, "the stream ended");
            bytes.AddRange(buffer.AsSpan(0, read));
            var plain = isText && bytes.Count % 4 == 0 ? WebFrames.Pieces(Encoding.ASCII.GetString([.. bytes])) : [.. bytes];
            if (plain.Length >= 5 && plain.Length == 5 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(plain.AsSpan(1)))
            {
                return plain[5..];
            }
        }
    }
}

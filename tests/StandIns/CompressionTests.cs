using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Compression;

namespace InstaGrpc.StandIns.Tests;

public class CompressionTests
{
    private static readonly string LongText = new('x', 100_000);

    [Fact]
    public async Task GzippedResponsesAreSmallOnTheWireAndWholeAtTheCaller()
    {
        await using var server = await ProbeServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");

        Assert.Equal(LongText, (await server.NewClient().UnaryAsync(new Ask { Text = LongText })).Text);

        var frame = await CallByHandAsync(server);
        Assert.Equal(1, frame[0]);
        Assert.InRange(frame.Length, 6, 5_000);
        using var gzip = new GZipStream(new MemoryStream(frame, 5, frame.Length - 5), CompressionMode.Decompress);
        Assert.Equal(LongText, Answer.Parser.ParseFrom(gzip).Text);
    }

    [Fact]
    public async Task AMessageWrittenWithNoCompressGoesAsItIs()
    {
        await using var server = await ProbeServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        server.Handlers.Unary = (ask, context) =>
        {
            context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
            return Task.FromResult(new Answer { Text = ask.Text });
        };

        var frame = await CallByHandAsync(server);

        Assert.Equal(0, frame[0]);
        Assert.Equal(LongText, Answer.Parser.ParseFrom(frame.AsSpan(5)).Text);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task AClientCanCompressItsRequests(string algorithm)
    {
        await using var server = await ProbeServer.StartAsync(options =>
            options.CompressionProviders =
            [
                new GzipCompressionProvider(CompressionLevel.Fastest), new DeflateCompressionProvider(CompressionLevel.Fastest),
            ]);
        server.Handlers.Unary = (ask, context) => Task.FromResult(new Answer
        {
            Text = $"{ask.Text.Length} {context.GetHttpContext().Request.Headers["grpc-encoding"]}",
        });

        var answer = await server.NewClient().UnaryAsync(
            new Ask { Text = LongText }, new Metadata { { "grpc-internal-encoding-request", algorithm } });

        Assert.Equal($"100000 {algorithm}", answer.Text);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task AProviderLeavesTheStreamOpenAndReadsWhatItWrote(string name)
    {
        ICompressionProvider provider = name == "gzip"
            ? new GzipCompressionProvider(CompressionLevel.Optimal)
            : new DeflateCompressionProvider(CompressionLevel.Optimal);
        using var stream = new MemoryStream();

        await using (var compressing = provider.CreateCompressionStream(stream, CompressionLevel.SmallestSize))
        {
            await compressing.WriteAsync(new byte[10_000]);
        }

        Assert.Equal(name, provider.EncodingName);
        Assert.InRange(stream.Length, 1, 1_000);
        Assert.Equal(name == "gzip" ? 0x1f : 0x78, stream.ToArray()[0]);
        stream.Position = 0;
        using var plain = new MemoryStream();
        await provider.CreateDecompressionStream(stream).CopyToAsync(plain);
        Assert.Equal(new byte[10_000], plain.ToArray());
    }

    [Theory]
    [InlineData("gzip", 20)]
    [InlineData("deflate", 8)]
    public async Task AMessageWithoutBytesIsCompressedIntoAValidForm(string name, int length)
    {
        ICompressionProvider provider = name == "gzip"
            ? new GzipCompressionProvider(CompressionLevel.Fastest)
            : new DeflateCompressionProvider(CompressionLevel.Fastest);
        using var stream = new MemoryStream();
        using var streamAsync = new MemoryStream();

        provider.CreateCompressionStream(stream, null).Dispose();
        await provider.CreateCompressionStream(streamAsync, null).DisposeAsync();

        Assert.Equal(length, stream.Length);
        Assert.Equal(stream.ToArray(), streamAsync.ToArray());
        stream.Position = 0;
        Assert.Equal(-1, provider.CreateDecompressionStream(stream).ReadByte());
    }

    /// <summary>One unary call without a gRPC client: the response's bytes as they are on the wire.</summary>
    private static async Task<byte[]> CallByHandAsync(ProbeServer server)
    {
        var message = new Ask { Text = LongText }.ToByteArray();
        var body = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), message.Length);
        message.CopyTo(body, 5);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, "/insta.standins.tests.Probe/Unary"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body) { Headers = { { "content-type", "application/grpc" } } },
            Headers = { { "te", "trailers" }, { "grpc-accept-encoding", "identity,gzip" } },
        };
        using var response = await client.SendAsync(request);
        return await response.Content.ReadAsByteArrayAsync();
    }
}

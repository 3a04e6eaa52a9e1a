using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;

namespace InstaGrpc.Gateway.Tests;

/// <summary>gRPC-Web's body, read by the protocol document: frames of a flag byte, a length and bytes, the last of them the trailers.</summary>
internal sealed record WebFrames(IReadOnlyList<byte[]> Messages, IReadOnlyDictionary<string, string> Trailers)
{
    public static byte[] Write(IMessage message)
    {
        var bytes = message.ToByteArray();
        var frame = new byte[5 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), bytes.Length);
        bytes.CopyTo(frame, 5);
        return frame;
    }

    public static WebFrames Read(ReadOnlySpan<byte> body)
    {
        List<byte[]> messages = [];
        while (body.Length > 0)
        {
            var (flags, length) = (body[0], BinaryPrimitives.ReadInt32BigEndian(body[1..]));
            var bytes = body.Slice(5, length).ToArray();
            body = body[(5 + length)..];
            if (flags == 0x80)
            {
                Assert.True(body.IsEmpty, "something follows the trailers");
                return new WebFrames(messages, Encoding.ASCII.GetString(bytes).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
                    .Select(static line => line.Split(": ", 2)).ToDictionary(static line => line[0], static line => line[1]));
            }

            Assert.Equal(0, flags);
            messages.Add(bytes);
        }

        throw new InvalidDataException("the body has no trailers");
    }

    /// <summary>The status of an answer, wherever it stands.</summary>
    public static async Task<(string Status, WebFrames? Frames)> StatusAsync(HttpResponseMessage answer)
    {
        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        if (answer.Headers.TryGetValues("grpc-status", out var alone))
        {
            return (alone.Single(), null);
        }

        var body = await answer.Content.ReadAsByteArrayAsync();
        var isText = answer.Content.Headers.ContentType!.MediaType!.Contains("-text", StringComparison.Ordinal);
        var frames = Read(isText ? Pieces(Encoding.ASCII.GetString(body)) : body);
        return (frames.Trailers["grpc-status"], frames);
    }

    /// <summary>Base64 in pieces, each with its own padding.</summary>
    public static byte[] Pieces(string text)
    {
        List<byte> bytes = [];
        for (var i = 0; i < text.Length; i += 4)
        {
            bytes.AddRange(Convert.FromBase64String(text.Substring(i, 4)));
        }

        return [.. bytes];
    }
}

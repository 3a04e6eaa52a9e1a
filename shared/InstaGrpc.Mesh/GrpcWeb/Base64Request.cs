using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace InstaGrpc.Mesh.GrpcWeb;

/// <summary>The body of a request in text form, decoded as a whole: browsers send one message.</summary>
internal sealed class Base64Request(byte[] plain) : IRequestBodyPipeFeature
{
    private const int Quantum = 4;

    public PipeReader Reader { get; } = PipeReader.Create(new ReadOnlySequence<byte>(plain));

    /// <summary>Null: it is not base64, or longer than <paramref name="largest"/>.</summary>
    public static async ValueTask<Base64Request?> ReadAsync(HttpRequest request, int largest, CancellationToken cancellation)
    {
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellation).ConfigureAwait(false);
            if (read.Buffer.Length > largest)
            {
                // The server reads what is left of the body, which it can't while it counts as being read here.
                reader.AdvanceTo(read.Buffer.End);
                return null;
            }

            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var plain = Decode(read.Buffer.ToArray());
            reader.AdvanceTo(read.Buffer.End);
            return plain is null ? null : new Base64Request(plain);
        }
    }

    /// <summary>Decodes one piece after the other, each with its own padding; null: it is not base64.</summary>
    internal static byte[]? Decode(Span<byte> text)
    {
        var plain = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        var length = 0;
        while (text.Length > 0)
        {
            // Up to the quantum that holds the first padding: the decoder takes padding only at the end.
            var padding = text.IndexOf((byte)'=');
            var end = padding < 0 ? text.Length : Math.Min(text.Length, ((padding / Quantum) + 1) * Quantum);
            if (Base64.DecodeFromUtf8(text[..end], plain.AsSpan(length), out _, out var written) != OperationStatus.Done)
            {
                return null;
            }

            length += written;
            text = text[end..];
        }

        return plain[..length];
    }
}

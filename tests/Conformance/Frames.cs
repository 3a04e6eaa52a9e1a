using System.Buffers.Binary;
using Google.Protobuf;

namespace InstaGrpc.Conformance;

/// <summary>Messages between the suite and a program under test: four bytes of length, big-endian, then the message.</summary>
internal static class Frames
{
    private const int MaxLength = 64 << 20;

    /// <summary>The next message; null at the end of the stream.</summary>
    public static async Task<T?> ReadAsync<T>(Stream stream, MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        var prefix = new byte[4];
        if (await stream.ReadAtLeastAsync(prefix, 4, throwOnEndOfStream: false) is var read and < 4)
        {
            return read == 0 ? null : throw new EndOfStreamException("The suite closed the stream inside a message.");
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(prefix);
        if (length is < 0 or > MaxLength)
        {
            throw new InvalidDataException($"The suite announced a message of {length} bytes; at most {MaxLength} are taken.");
        }

        var message = new byte[length];
        await stream.ReadExactlyAsync(message);
        return parser.ParseFrom(message);
    }

    public static async Task WriteAsync(Stream stream, IMessage message)
    {
        var frame = new byte[4 + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        message.WriteTo(frame.AsSpan(4));
        await stream.WriteAsync(frame);
        await stream.FlushAsync();
    }
}

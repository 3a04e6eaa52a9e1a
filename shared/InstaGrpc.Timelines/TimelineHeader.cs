using System.Buffers.Binary;

namespace InstaGrpc.Timelines;

/// <summary>The first 24 bytes of a timeline, little-endian: version (1), state (1), nothing (2), built at (4), floor (8), token (8).</summary>
/// <param name="State">What the timeline is good for.</param>
/// <param name="Floor">Every pushed post of a followed author with an id above it is in the timeline.</param>
/// <param name="Token">Random: whose building this is.</param>
/// <param name="BuiltAt">Seconds since 1970, when the building began.</param>
public readonly record struct TimelineHeader(TimelineState State, long Floor, ulong Token, uint BuiltAt)
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 24;

    private const byte Version = 1;

    /// <summary>Writes the header to the first <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        bytes[0] = Version;
        bytes[1] = (byte)State;
        bytes[2] = bytes[3] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], BuiltAt);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], Floor);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Token);
    }

    /// <summary>Reads the header of an item. False: these bytes are no timeline of this version.</summary>
    public static bool TryRead(ReadOnlySpan<byte> item, out TimelineHeader header)
    {
        header = default;
        if (item.Length < Size || (item.Length - Size) % TimelineEntry.Size != 0 || item[0] != Version
            || item[1] is not ((byte)TimelineState.Building or (byte)TimelineState.Ready))
        {
            return false;
        }

        header = new TimelineHeader(
            (TimelineState)item[1],
            BinaryPrimitives.ReadInt64LittleEndian(item[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(item[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(item[4..]));
        return true;
    }
}

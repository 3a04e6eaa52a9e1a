using System.Buffers.Binary;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>What stands before the response's bytes in an entry. An item without a header, that is an empty one, is a stub: a lease, no value.</summary>
/// <param name="FillId">Random; tells this fill from every other one, and so a value that was once valid from one that never was.</param>
/// <param name="FilledAt">PostgreSQL's clock before the snapshot that was read; UTC, whole microseconds.</param>
/// <param name="Fence">Everything up to it is in the value.</param>
/// <param name="IsPresent">False: NOT_FOUND.</param>
public readonly record struct EntryHeader(ulong FillId, DateTime FilledAt, ReplayPosition Fence, bool IsPresent)
{
    /// <summary>Bytes of the stored form.</summary>
    public const int Bytes = 1 + 8 + 8 + 16 + 1;

    private const byte FormatVersion = 1;

    /// <summary>Writes the stored form.</summary>
    /// <param name="destination">At least <see cref="Bytes"/> bytes.</param>
    public void Write(Span<byte> destination)
    {
        destination[0] = FormatVersion;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[1..], FillId);
        BinaryPrimitives.WriteInt64LittleEndian(destination[9..], (FilledAt.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[17..], Fence.Timeline.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[21..], Fence.Lsn.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[29..], Fence.Index);
        destination[33] = IsPresent ? (byte)1 : (byte)0;
    }

    /// <summary>Reads the stored form. False: these are no bytes of an entry that this build knows; read past the cache.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out EntryHeader header)
    {
        if (bytes.Length < Bytes || bytes[0] != FormatVersion)
        {
            header = default;
            return false;
        }

        header = new EntryHeader(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..]),
            DateTime.UnixEpoch.AddTicks(BinaryPrimitives.ReadInt64LittleEndian(bytes[9..]) * TimeSpan.TicksPerMicrosecond),
            new ReplayPosition(
                new Timeline(BinaryPrimitives.ReadUInt32LittleEndian(bytes[17..])),
                new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(bytes[21..])),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[29..])),
            bytes[33] == 1);
        return true;
    }
}

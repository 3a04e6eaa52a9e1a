using System.Buffers.Binary;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>
/// How far one memcached server is invalidated for one node; a small item on that server, written only by the invalidator (cache protocol, "Words").
/// The cache's validity travels with the cache: a server that loses everything loses this too.
/// </summary>
public sealed record Watermark
{
    /// <summary>Bytes of the stored form.</summary>
    public const int Bytes = 1 + 8 + Position + Position + 8 + 8 + 16 + 4 + 8 + 8;

    private const int Position = 16;
    private const byte FormatVersion = 1;

    /// <summary>Part of every cached key; random and never used twice, so that a new one makes everything older invisible at once. Not 0.</summary>
    public required ulong Generation { get; init; }

    /// <summary>Every change at or before it is applied on this server.</summary>
    public required ReplayPosition Lo { get; init; }

    /// <summary>Changes up to it may have begun to be applied; never before <see cref="Lo"/>.</summary>
    public required ReplayPosition Hi { get; init; }

    /// <summary>PostgreSQL's clock at the newest change or heartbeat applied; UTC, whole microseconds.</summary>
    public required DateTime AsOf { get; init; }

    /// <summary>Owner number of the lineage that writes it.</summary>
    public required long Owner { get; init; }

    /// <summary>Up to which contracts are honoured.</summary>
    public required ContractNumber Contracts { get; init; }

    /// <summary>Version of the placement of keys.</summary>
    public required int Ring { get; init; }

    /// <summary>Kafka's offset of <see cref="Lo"/>: a hint. -1: unknown.</summary>
    public required long Offset { get; init; }

    /// <summary>PostgreSQL's system identifier of the node. Another one counts as absent.</summary>
    public required ulong System { get; init; }

    /// <summary>Writes the stored form.</summary>
    /// <param name="destination">At least <see cref="Bytes"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public int Write(Span<byte> destination)
    {
        destination[0] = FormatVersion;
        var at = destination[1..];
        Put(ref at, Generation);
        Put(ref at, Lo);
        Put(ref at, Hi);
        Put(ref at, (ulong)(AsOf.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);
        Put(ref at, (ulong)Owner);
        Put(ref at, (ulong)Contracts.Epoch);
        Put(ref at, (ulong)Contracts.Number);
        Put(ref at, (uint)Ring);
        Put(ref at, (ulong)Offset);
        Put(ref at, System);
        return Bytes;
    }

    /// <summary>The stored form.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Bytes];
        Write(bytes);
        return bytes;
    }

    /// <summary>Reads the stored form; null if it is none that this build knows, which counts as absent.</summary>
    public static Watermark? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Bytes || bytes[0] != FormatVersion)
        {
            return null;
        }

        var at = bytes[1..];
        return new Watermark
        {
            Generation = Take64(ref at),
            Lo = TakePosition(ref at),
            Hi = TakePosition(ref at),
            AsOf = DateTime.UnixEpoch.AddTicks((long)Take64(ref at) * TimeSpan.TicksPerMicrosecond),
            Owner = (long)Take64(ref at),
            Contracts = new ContractNumber((long)Take64(ref at), (long)Take64(ref at)),
            Ring = (int)Take32(ref at),
            Offset = (long)Take64(ref at),
            System = Take64(ref at),
        };
    }

    private static void Put(ref Span<byte> at, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(at, value);
        at = at[8..];
    }

    private static void Put(ref Span<byte> at, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(at, value);
        at = at[4..];
    }

    private static void Put(ref Span<byte> at, ReplayPosition position)
    {
        Put(ref at, position.Timeline.Value);
        Put(ref at, position.Lsn.Value);
        Put(ref at, position.Index);
    }

    private static ulong Take64(ref ReadOnlySpan<byte> at)
    {
        var value = BinaryPrimitives.ReadUInt64LittleEndian(at);
        at = at[8..];
        return value;
    }

    private static uint Take32(ref ReadOnlySpan<byte> at)
    {
        var value = BinaryPrimitives.ReadUInt32LittleEndian(at);
        at = at[4..];
        return value;
    }

    private static ReplayPosition TakePosition(ref ReadOnlySpan<byte> at) =>
        new(new Timeline(Take32(ref at)), new Lsn(Take64(ref at)), Take32(ref at));
}

namespace InstaGrpc.Caching.Internal;

/// <summary>What the item was when its lease was won.</summary>
internal enum WonOver
{
    /// <summary>Nothing: an empty item holds the lease.</summary>
    Stub,

    /// <summary>A marked value.</summary>
    Marked,

    /// <summary>A valid value near its end.</summary>
    Early,
}

/// <summary>A lease that this process holds.</summary>
/// <param name="Entry">Where.</param>
/// <param name="Generation">The watermark's when it was won.</param>
/// <param name="Over">What it was won over.</param>
/// <param name="FillId">Of the value that it was won over; 0 for a stub.</param>
/// <param name="Before">What a copy in the process may claim.</param>
internal sealed record WonLease(Flight Flight, EntryPlace Entry, ulong Generation, WonOver Over, ulong FillId, CopyClaim Before)
{
    public byte[] Key => Flight.Name.Key;

    public ulong Cas => Flight.Cas;
}

using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Internal;

/// <summary>A watermark as this process last read it.</summary>
/// <param name="Watermark">Null: the server has none.</param>
/// <param name="SentAt">The process's clock when it was asked for; its age counts from here.</param>
/// <param name="ConnectionEpoch">The server's, before it was asked. Another one now: it may be of an earlier life of the server.</param>
/// <param name="GrewAt">The process's clock when <c>as_of</c> was last seen to grow.</param>
internal sealed record KnownWatermark(Watermark? Watermark, long SentAt, long ConnectionEpoch, long GrewAt)
{
    /// <summary>How far invalidation lags. Two clocks, so that neither a clock that jumps nor a stream that stands still goes unseen.</summary>
    public TimeSpan Lag(DateTime now, TimeProvider time)
    {
        var byDatabase = now - Watermark!.AsOf;
        var byProcess = time.GetElapsedTime(GrewAt);
        return byDatabase > byProcess ? byDatabase : byProcess;
    }

    public bool Reaches(TokenPosition token) => Watermark is { } watermark && watermark.Lo.Reaches(token);
}

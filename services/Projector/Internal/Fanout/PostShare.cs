namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>A token bucket: what one post may still take while others wait. Guarded by its <see cref="FanoutTurns"/>.</summary>
internal sealed class PostShare(double rate, int burst, TimeProvider time)
{
    private double _tokens = burst;
    private long _filledAt = time.GetTimestamp();

    public bool Has(int timelines)
    {
        Fill();
        return _tokens >= Math.Min(timelines, burst);
    }

    /// <summary>Also when it has too few: nobody else waited then, and what it took is no debt.</summary>
    public void Take(int timelines)
    {
        Fill();
        _tokens = Math.Max(0, _tokens - timelines);
    }

    private void Fill()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * rate));
        _filledAt = now;
    }
}

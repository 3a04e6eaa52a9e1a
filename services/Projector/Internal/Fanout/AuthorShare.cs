namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>A token bucket: what one author's posts may still take while others wait. Guarded by its <see cref="FanoutTurns"/>.</summary>
internal sealed class AuthorShare(double rate, int burst, TimeProvider time)
{
    private double _tokens = burst;
    private long _filledAt = time.GetTimestamp();

    /// <summary>Nothing of it is used up.</summary>
    public bool IsWhole
    {
        get
        {
            Fill();
            return _tokens >= burst;
        }
    }

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

    public void GiveBack(int timelines) => _tokens = Math.Min(burst, _tokens + timelines);

    private void Fill()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * rate));
        _filledAt = now;
    }
}

namespace InstaGrpc.Postgres;

/// <summary>Something that long-running work needs is away, and is tried again until it is back: each reason is said once, and the pauses grow to 5 s. For
/// one caller at a time.</summary>
public sealed class Outage
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    // Enough for reasons that alternate; one that holds a number which always differs must not grow it for ever.
    private const int MostReasons = 16;

    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private readonly TimeSpan _first;
    private TimeSpan _next;

    /// <param name="firstPause">The pause after the first failure.</param>
    public Outage(TimeSpan firstPause) => _first = _next = firstPause;

    /// <summary>Whether the reason has not been said since things last worked.</summary>
    public bool IsNews(string reason) => _said.Count < MostReasons && _said.Add(reason);

    /// <summary>How long to wait before the next attempt: twice as long as the last time, at most 5 s.</summary>
    public TimeSpan NextPause()
    {
        var pause = _next < _longestPause ? _next : _longestPause;
        _next = pause * 2;
        return pause;
    }

    /// <summary>It works again: the next failure is news, and is tried again soon.</summary>
    public void Over()
    {
        _said.Clear();
        _next = _first;
    }
}

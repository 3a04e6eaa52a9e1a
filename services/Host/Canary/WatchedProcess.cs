namespace InstaGrpc.Host.Canary;

/// <summary>One process of a comparison, from the first look at its metrics on.</summary>
internal sealed class WatchedProcess(HttpClient client, Uri address)
{
    private CallFigures _before = new();
    private CallFigures _last = new();
    private CallFigures _earlier = new();
    private int _missed;

    /// <summary>What has happened to it; null: it runs as it did at the first look.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether it did not answer the last time, and the next look decides.</summary>
    public bool IsInDoubt => _missed == 1;

    /// <summary>The first look.</summary>
    /// <exception cref="UsageException">It does not answer.</exception>
    public async Task BeginAsync(CancellationToken ct)
    {
        try
        {
            _before = _last = await ReadAsync(ct);
        }
        catch (Exception e) when (IsAway(e, ct))
        {
            throw new UsageException($"{address} does not show its metrics ({e.Message}): is it the web address of a role (default port 8080)?");
        }
    }

    /// <summary>Another look: calls since the first one, of all its lives; those of the last look where it does not answer.</summary>
    public async Task<CallFigures> LookAsync(CancellationToken ct)
    {
        try
        {
            var figures = await ReadAsync(ct);
            _missed = 0;
            if (figures.IsBehind(_last))
            {
                // It counts from zero again.
                Fault ??= $"{address} began anew: its counters went back";
                _earlier.Add(_last.Since(_before));
                _before = new CallFigures();
            }
            _last = figures;
        }
        catch (Exception e) when (IsAway(e, ct))
        {
            if (++_missed > 1) Fault ??= $"{address} is away ({e.Message})";
        }

        var all = _last.Since(_before);
        all.Add(_earlier);
        return all;
    }

    private async Task<CallFigures> ReadAsync(CancellationToken ct)
    {
        var figures = new CallFigures();
        figures.Add(await client.GetStringAsync(new Uri(address, "/metrics"), ct));
        return figures;
    }

    private static bool IsAway(Exception e, CancellationToken ct) => e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested);
}

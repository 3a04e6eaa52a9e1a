namespace InstaGrpc.Services.Feed;

/// <summary>The ids of a feed from a place downwards: first the known ones, below their floor what PostgreSQL has.</summary>
/// <param name="known">What needs no query.</param>
/// <param name="before">Only ids below it.</param>
/// <param name="pull">The newest ids below one, at most so many.</param>
internal sealed class FeedWalk(KnownPosts known, long before, Func<long, int, ValueTask<IReadOnlyList<long>>> pull)
{
    private IReadOnlyList<long> _ids = known.Ids;
    private int _at;
    private long _floor = known.Floor;

    /// <summary>The last id that was looked at; the next page goes on below it.</summary>
    public long Last { get; private set; } = before;

    /// <summary>How often ids were taken.</summary>
    public int Steps { get; private set; }

    /// <summary>The next ids, descending, at most so many; none: the feed's end. They stay the next until <see cref="Took"/>.</summary>
    public async ValueTask<IReadOnlyList<long>> NextAsync(int most)
    {
        if (_at == _ids.Count && _floor > 0)
        {
            await PullAsync(most).ConfigureAwait(false);
        }

        return [.. _ids.Skip(_at).Take(most)];
    }

    /// <summary>The ids down to this one were looked at.</summary>
    public void Took(IReadOnlyList<long> ids, long last)
    {
        Steps++;
        Last = last;
        _at += ids.TakeWhile(id => id >= last).Count();
    }

    /// <summary>Whether anything may follow; something that is dropped when it is looked at counts too.</summary>
    public async ValueTask<bool> HasMoreAsync() => (await NextAsync(1).ConfigureAwait(false)).Count > 0;

    private async ValueTask PullAsync(int most)
    {
        // One more than is asked for: whether a page is the last is then known without another query.
        var asked = most + 1;
        var below = _floor == long.MaxValue ? Last : Math.Min(Last, _floor + 1);
        _ids = await pull(below, asked).ConfigureAwait(false);
        _at = 0;
        _floor = _ids.Count < asked ? 0 : _ids[^1] - 1;
    }
}

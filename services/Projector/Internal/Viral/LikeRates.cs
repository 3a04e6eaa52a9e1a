using System.Runtime.InteropServices;

namespace InstaGrpc.Services.Projector.Internal.Viral;

/// <summary>
/// Likes of each post in the last minute, as twelve counts of five seconds, and which posts are viral by them: from a number of likes a minute on, until
/// they have been below half of it for some time. Between the two numbers a post stays what it is, and a short pause does not end it, so that a rate near
/// the limit does not make it flap. For one thread.
/// </summary>
/// <param name="limit">Likes a minute above which a post becomes viral.</param>
/// <param name="calmAfter">How long a viral post must have been below half of that.</param>
internal sealed class LikeRates(long limit, TimeSpan calmAfter)
{
    private const int Spans = 12;
    private static readonly TimeSpan _span = TimeSpan.FromSeconds(5);

    private readonly Dictionary<long, Counts> _counts = [];
    private readonly Dictionary<long, DateTimeOffset> _busyAt = [];
    private long _span0 = long.MinValue;

    /// <summary>Posts that are counted.</summary>
    public int Counted => _counts.Count;

    /// <summary>Viral now.</summary>
    public IReadOnlyCollection<long> Viral => _busyAt.Keys;

    /// <summary>What was viral for a former worker: it is not known since when it is below, so from now on.</summary>
    public void Resume(IEnumerable<long> viral, DateTimeOffset now)
    {
        foreach (var post in viral)
        {
            _busyAt.TryAdd(post, now);
        }
    }

    /// <summary>A like. One that was committed more than a minute ago counts for nothing: a worker who makes up for a pause does not take an hour's likes
    /// for a minute's.</summary>
    public void Add(long post, DateTimeOffset committedAt, DateTimeOffset now)
    {
        var span = SpanOf(committedAt < now ? committedAt : now);
        if (SpanOf(now) - span < Spans)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, post, out _).Add(span);
        }
    }

    /// <summary>Looks at all posts. <see cref="Viral"/> is what comes of it.</summary>
    /// <returns>Which posts have become viral, and which calm.</returns>
    public (List<long> Viral, List<long> Calm) Look(DateTimeOffset now)
    {
        var span = SpanOf(now);
        var turned = span != _span0;
        _span0 = span;
        List<long> viral = [], forgotten = [];
        foreach (var post in _counts.Keys)
        {
            var sum = CollectionsMarshal.GetValueRefOrNullRef(_counts, post).Sum(span);
            if (_busyAt.ContainsKey(post))
            {
                if (sum * 2 >= limit)
                {
                    _busyAt[post] = now;
                }
            }
            else if (sum > limit)
            {
                _busyAt.Add(post, now);
                viral.Add(post);
            }

            // A post on its way to the limit has far more than this in each span; the thousands of others must not be carried along.
            if (turned && sum * 100 <= limit)
            {
                forgotten.Add(post);
            }
        }

        forgotten.ForEach(post => _counts.Remove(post));
        var calm = _busyAt.Where(post => now - post.Value >= calmAfter).Select(static post => post.Key).ToList();
        calm.ForEach(post => _busyAt.Remove(post));
        return (viral, calm);
    }

    private static long SpanOf(DateTimeOffset time) => time.UtcTicks / _span.Ticks;

    /// <summary>A ring of spans; what is older than the newest by its length is gone.</summary>
    private struct Counts
    {
        private Ring _ring;
        private long _newest;

        public void Add(long span)
        {
            Turn(span);
            if (_newest - span < Spans)
            {
                _ring[(int)(span % Spans)]++;
            }
        }

        public long Sum(long span)
        {
            Turn(span);
            var sum = 0L;
            foreach (var count in _ring)
            {
                sum += count;
            }

            return sum;
        }

        private void Turn(long span)
        {
            for (var next = Math.Max(_newest, span - Spans) + 1; next <= span; next++)
            {
                _ring[(int)(next % Spans)] = 0;
            }

            _newest = Math.Max(_newest, span);
        }

        [System.Runtime.CompilerServices.InlineArray(Spans)]
        private struct Ring
        {
            private int _first;
        }
    }
}

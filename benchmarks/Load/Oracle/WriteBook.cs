using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace InstaGrpc.Load.Oracle;

/// <summary>The writes of a run by what they belong to: an author's posts, a post's likes.</summary>
internal sealed class WriteBook
{
    private readonly ConcurrentDictionary<long, Page> _pages = new();

    /// <summary>What was written to.</summary>
    public IEnumerable<long> Owners => _pages.Keys;

    public Page Of(long owner) => _pages.GetOrAdd(owner, static _ => new Page());

    /// <summary>Null: nothing was written to it.</summary>
    public Page? Knows(long owner) => _pages.GetValueOrDefault(owner);

    /// <summary>What was acknowledged, by owner.</summary>
    public Dictionary<long, long[]> Written() => _pages.ToDictionary(
        static page => page.Key, static page => page.Value.Acked().Select(static write => write.Subject).Distinct().ToArray());

    internal sealed class Page
    {
        /// <summary>Ago: no read that is still under way began before that.</summary>
        private static readonly long _longAgo = 60 * Stopwatch.Frequency;

        private readonly Lock _gate = new();
        private readonly List<AckedWrite> _bySubject = [];
        private readonly List<AckedWrite> _uncounted = [];
        private long _counted;
        private long _begun;

        /// <summary>Writes that may have been done: those that were acknowledged, are under way, or failed in a way that tells nothing.</summary>
        public long Begun => Interlocked.Read(ref _begun);

        public void Begin() => Interlocked.Increment(ref _begun);

        public void Add(AckedWrite write)
        {
            lock (_gate)
            {
                // Who likes a post twice likes it once.
                var place = FirstAbove(write.Subject);
                if (place > 0 && _bySubject[place - 1].Subject == write.Subject) return;
                _bySubject.Insert(place, write);
                _uncounted.Add(write);
            }
        }

        public AckedWrite[] Acked() => AckedAbove(long.MinValue);

        /// <summary>Those with a higher subject, ascending: what a page of a list could show. It costs what it returns, however much was written.</summary>
        public AckedWrite[] AckedAbove(long subject)
        {
            lock (_gate)
            {
                var first = FirstAbove(subject);
                return first == _bySubject.Count ? [] : [.. CollectionsMarshal.AsSpan(_bySubject)[first..]];
            }
        }

        /// <summary>The acknowledged write of a subject; null: there is none.</summary>
        public AckedWrite? Find(long subject)
        {
            lock (_gate) return FirstAbove(subject) is > 0 and var after && _bySubject[after - 1].Subject == subject ? _bySubject[after - 1] : null;
        }

        /// <summary>How many were counted (<see cref="AckedWrite.CountedAt"/>) at a moment of the last minute.</summary>
        public long CountedUntil(long moment)
        {
            lock (_gate)
            {
                var old = Stopwatch.GetTimestamp() - _longAgo;
                _counted += _uncounted.RemoveAll(write => write.CountedAt <= old);
                return _counted + _uncounted.Count(write => write.CountedAt <= moment);
            }
        }

        private int FirstAbove(long subject)
        {
            // Ids are nearly always told in their order.
            if (_bySubject.Count == 0 || _bySubject[^1].Subject <= subject) return _bySubject.Count;
            var (low, high) = (0, _bySubject.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_bySubject[middle].Subject <= subject) low = middle + 1;
                else high = middle;
            }

            return low;
        }
    }
}

using System.Collections.Concurrent;

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
        private readonly Lock _gate = new();
        private readonly List<AckedWrite> _acked = [];
        private long _begun;

        /// <summary>Writes that may have been done: those that were acknowledged, are under way, or failed in a way that tells nothing.</summary>
        public long Begun => Interlocked.Read(ref _begun);

        public void Begin() => Interlocked.Increment(ref _begun);

        public void Add(AckedWrite write)
        {
            lock (_gate) _acked.Add(write);
        }

        public AckedWrite[] Acked()
        {
            lock (_gate) return [.. _acked];
        }
    }
}

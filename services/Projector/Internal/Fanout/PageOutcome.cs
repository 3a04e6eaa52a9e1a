using InstaGrpc.Memcached;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>What became of a page that was sent once.</summary>
/// <param name="Counts">Of the servers that took their share.</param>
/// <param name="Unreached">Followers whose timelines may not have it.</param>
/// <param name="Away">The servers that did not answer; none: it is not known which.</param>
internal readonly record struct PageOutcome(AppendCounts Counts, long[] Unreached, IReadOnlyList<MemcachedServer> Away);

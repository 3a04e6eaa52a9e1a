using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Internal;

/// <summary>What a copy in the process may claim: the state of things before <c>mg</c> was sent. Read after it, they could be newer than the value.</summary>
/// <param name="Lo">The watermark's.</param>
/// <param name="Drops">The counter of the key's stripe (a page: of its list).</param>
/// <param name="Owner">The watermark's.</param>
internal readonly record struct CopyClaim(ReplayPosition Lo, long Drops, long Owner);

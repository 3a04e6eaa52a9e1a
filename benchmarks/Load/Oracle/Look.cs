using InstaGrpc.Load.Mesh;

namespace InstaGrpc.Load.Oracle;

/// <summary>A read, as it is about to begin.</summary>
/// <param name="Reader">Who reads.</param>
/// <param name="At">When; a timestamp of <see cref="System.Diagnostics.Stopwatch"/>.</param>
/// <param name="Token">What the reader sends along: all of his own writes that were acknowledged before <paramref name="At"/>.</param>
internal readonly record struct Look(Person Reader, long At, string Token);

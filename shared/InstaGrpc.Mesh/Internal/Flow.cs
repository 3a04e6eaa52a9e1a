using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal;

/// <summary>One running handler, as the calls that it makes see it.</summary>
/// <param name="Contract">Its method.</param>
/// <param name="Deadline">When it must have ended; UTC, <see cref="DateTime.MaxValue"/> without a deadline.</param>
/// <param name="UserId">The user that it works for; null: none, or none that it may know.</param>
/// <param name="MaxStale">The limit of staleness that its caller set, for everything that it reads; null: none.</param>
/// <param name="Tokens">What it has seen and written.</param>
/// <param name="Run">The cached run that it is; null for an uncached one.</param>
internal sealed record Flow(
    MethodContract Contract, DateTime Deadline, long? UserId, TimeSpan? MaxStale, ReadTokenJar Tokens, RunningRead? Run);

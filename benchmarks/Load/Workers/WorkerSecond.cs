using InstaGrpc.Load.Internal;

namespace InstaGrpc.Load.Workers;

/// <summary>What a worker did in a second.</summary>
/// <param name="Interval">The load.</param>
/// <param name="LagMs">Until memcached was invalidated; null: not measured.</param>
/// <param name="CountsLagMs">Until the projector had folded; null: not measured.</param>
/// <param name="Violations">So far.</param>
internal sealed record WorkerSecond(Interval Interval, double? LagMs, double? CountsLagMs, int Violations);

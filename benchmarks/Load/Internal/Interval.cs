namespace InstaGrpc.Load.Internal;

/// <summary>What a process did in one second of the run.</summary>
/// <param name="Second">From 0.</param>
/// <param name="Steps">By scenario and step.</param>
/// <param name="InFlight">Iterations that have not ended yet.</param>
/// <param name="LateMicroseconds">By how much the latest iteration began after it was due.</param>
/// <param name="LateOver5Ms">Iterations that began more than 5 ms after they were due.</param>
/// <param name="Begun">Iterations that began.</param>
/// <param name="Cores">Processor time that this process used, in cores.</param>
internal sealed record Interval(
    int Second, IReadOnlyList<StepFigures> Steps, long InFlight, long LateMicroseconds, long LateOver5Ms, long Begun, double Cores);

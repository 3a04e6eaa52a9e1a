namespace InstaGrpc.Mesh.Internal;

/// <summary>The log events of the mesh. docs/events.md lists those of all projects; numbers are never used again.</summary>
internal static class EventIds
{
    public const int HandlerFailed = 1000;
    public const int HandlerUnavailable = 1001;
    public const int UndeclaredCaller = 1002;
    public const int UndeclaredDependency = 1003;
    public const int CallerFailed = 1004;
    public const int CallerUnavailable = 1005;
    public const int OverrideRefused = 1010;
    public const int OverridesInForce = 1011;
    public const int RunningUncached = 1021;
    public const int ReadinessChanged = 1030;
}

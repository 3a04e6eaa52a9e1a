namespace InstaGrpc.Services.Projector;

/// <summary>Where tests hold a fan-out up.</summary>
internal sealed class FanoutHooks
{
    /// <summary>A page has been acknowledged by memcached, and that is stored nowhere yet.</summary>
    public Func<Task>? AfterPage { get; set; }
}

namespace InstaGrpc.Services.IdService;

/// <summary>Settings of the role <c>id</c>, from <c>Insta:Ids</c>.</summary>
public sealed class IdServiceOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Ids";

    /// <summary>Length of a window. After a crash, and with several instances on one shard, ids may be ahead of the clock by up to this
    /// much for each; a shorter one costs more updates in the directory (one a window and busy shard). 1 s by default; 10 ms to 1
    /// min.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How far ahead of the directory's clock a window may start. Past it callers wait for the clock. 10 s by default.</summary>
    public TimeSpan MaxAhead { get; set; } = TimeSpan.FromSeconds(10);
}

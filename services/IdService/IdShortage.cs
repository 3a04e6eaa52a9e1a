namespace InstaGrpc.Services.IdService;

/// <summary>Why there are no more ids at this moment.</summary>
internal enum IdShortage
{
    /// <summary>There are.</summary>
    None,

    /// <summary>All 1,024 of this ms are taken.</summary>
    Millisecond,

    /// <summary>The window is over.</summary>
    Window,
}

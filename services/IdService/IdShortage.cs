namespace InstaGrpc.Services.IdService;

/// <summary>Why there are no more ids at this moment.</summary>
internal enum IdShortage
{
    /// <summary>There are.</summary>
    None,

    /// <summary>All that may be made at this ms are taken.</summary>
    Millisecond,

    /// <summary>The window is over.</summary>
    Window,
}

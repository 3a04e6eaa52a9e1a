using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres;

/// <summary>
/// What the mesh decides before a handler runs, one per run (a scoped service): which node and source <see cref="INodeReads"/> opens, what
/// the source must have replayed, and whether the tables that the handler reads are noted. Disposing it, with the run's scope, gives the
/// session's connection back.
/// </summary>
public sealed class NodeReadScope : IAsyncDisposable
{
    /// <summary>The run's node; <c>default</c>: none was chosen, and <see cref="INodeReads.OpenAsync"/> says so.</summary>
    public NodeName Node { get; set; }

    /// <summary>Where to read; default the primary.</summary>
    public ReadSource Source { get; set; }

    /// <summary>What a follower must have replayed, on the same timeline, before the handler's snapshot; else the primary is read. Null:
    /// followers are not used.</summary>
    public TokenPosition? Fence { get; set; }

    /// <summary>The run fills a cache: it reads its own node alone, and <see cref="INodeReads.ReadAsync"/> of another id is refused.</summary>
    public bool Cached { get; set; }

    /// <summary>Run in one read-only transaction and note the tables: <see cref="NodeReadSession.TablesReadAsync"/>.</summary>
    public bool Audit { get; set; }

    /// <summary>The session, once the handler has opened it.</summary>
    public NodeReadSession? Session { get; internal set; }

    public async ValueTask DisposeAsync()
    {
        if (Session is { } session)
        {
            Session = null;
            await session.CloseAsync().ConfigureAwait(false);
        }
    }
}

using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes;

/// <summary>Where the publisher of a node stands in this process. Thread-safe; values of one moment.</summary>
public sealed class PublisherStatus(NodeName node)
{
    private readonly Lock _lock = new();
    private PublisherState _state = PublisherState.Starting;
    private string _reason = "";
    private ReplayPosition _published;
    private ReplayPosition _confirmed;
    private DateTimeOffset _publishedCommit;
    private Lsn _received;
    private long _kept = -1;

    public NodeName Node => node;

    public PublisherState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <summary>Why it is failing; empty otherwise.</summary>
    public string Reason
    {
        get
        {
            lock (_lock)
            {
                return _reason;
            }
        }
    }

    /// <summary>The end of the newest record that Kafka acknowledged in this session.</summary>
    public ReplayPosition Published
    {
        get
        {
            lock (_lock)
            {
                return _published;
            }
        }
    }

    /// <summary>PostgreSQL's clock at that record's commit.</summary>
    public DateTimeOffset PublishedCommit
    {
        get
        {
            lock (_lock)
            {
                return _publishedCommit;
            }
        }
    }

    /// <summary>Bytes of WAL that the node's slot made PostgreSQL keep when it was last asked; null: never yet.</summary>
    public long? Kept => Volatile.Read(ref _kept) is >= 0 and var kept ? kept : null;

    /// <summary>What PostgreSQL was told.</summary>
    public ReplayPosition Confirmed
    {
        get
        {
            lock (_lock)
            {
                return _confirmed;
            }
        }
    }

    /// <summary>How far PostgreSQL's walsender is.</summary>
    public Lsn Received
    {
        get
        {
            lock (_lock)
            {
                return _received;
            }
        }
    }

    internal void Become(PublisherState state, string reason = "")
    {
        lock (_lock)
        {
            _state = state;
            _reason = reason;
        }
    }

    internal void HasPublished(ReplayPosition position, DateTimeOffset commit)
    {
        lock (_lock)
        {
            _published = position;
            _publishedCommit = commit;
        }
    }

    internal void HasConfirmed(ReplayPosition position)
    {
        lock (_lock)
        {
            _confirmed = position;
        }
    }

    internal void HasKept(long bytes) => Volatile.Write(ref _kept, bytes);

    internal void HasReceived(Lsn received)
    {
        lock (_lock)
        {
            _received = received;
        }
    }
}

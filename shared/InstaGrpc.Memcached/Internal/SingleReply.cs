using System.Threading.Tasks.Sources;

namespace InstaGrpc.Memcached.Internal;

/// <summary>A command with exactly one reply.</summary>
internal sealed class SingleReply(FreeList<SingleReply> free) : PendingReply, IValueTaskSource<MetaReply>
{
    private ManualResetValueTaskSourceCore<MetaReply> _source;
    private MetaReply _reply;

    public ValueTask<MetaReply> Task => new(this, _source.Version);

    public override Acceptance Accept(in ReplyHead head, byte[]? value)
    {
        var acceptance = Finish();
        if (acceptance == Acceptance.Complete)
        {
            _reply = new MetaReply(head, value);
        }

        return acceptance;
    }

    public override Acceptance AcceptEnd() => throw new MemcachedProtocolException("The server ended a batch that was none.");

    public override void Execute()
    {
        if (Error is { } error)
        {
            _source.SetException(error);
        }
        else
        {
            _source.SetResult(_reply);
        }
    }

    public MetaReply GetResult(short token)
    {
        // The token is checked before anything is recycled: a task awaited twice must not hurt a stranger.
        _ = _source.GetStatus(token);
        EndWatch();
        if (!IsReusable)
        {
            return _source.GetResult(token);
        }

        var reply = _source.GetResult(token);
        _source.Reset();
        _reply = default;
        ResetBase();
        free.Return(this);
        return reply;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}

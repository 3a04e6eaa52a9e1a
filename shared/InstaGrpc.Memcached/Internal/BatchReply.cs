using System.Threading.Tasks.Sources;

namespace InstaGrpc.Memcached.Internal;

/// <summary>Several quiet or loud commands with opaque tokens 0, 1, 2 …, closed by <c>mn</c>.</summary>
internal sealed class BatchReply(FreeList<BatchReply> free) : PendingReply, IValueTaskSource
{
    private const int KeptReplies = 4096;

    private readonly List<string> _errors = [];
    private ManualResetValueTaskSourceCore<bool> _source;
    private MetaReply[] _replies = [];
    private CommandKind[] _kinds = [];
    private Memory<MetaReply> _target;
    private MetaPipeline? _pipeline;
    private int _count;
    private int _next;

    public ValueTask Task => new(this, _source.Version);

    /// <summary>A multi-get: the replies are copied when the caller fetches the result, because a caller who gave up may use its memory
    /// again while late replies arrive.</summary>
    public void Begin(int count, Memory<MetaReply> target)
    {
        _target = target;
        Begin(count);
        if (_kinds.Length < count)
        {
            _kinds = new CommandKind[_replies.Length];
        }

        _kinds.AsSpan(0, count).Fill(CommandKind.QuietGet);
    }

    /// <summary>A pipeline, which is given the array with the replies. Until then it is not looked at again: its owner may have given
    /// up and be filling it anew while late replies arrive.</summary>
    public void Begin(MetaPipeline pipeline)
    {
        _pipeline = pipeline;
        Begin(pipeline.Count);
        if (_kinds.Length < pipeline.Count)
        {
            _kinds = new CommandKind[_replies.Length];
        }

        pipeline.Kinds.CopyTo(_kinds);
    }

    public override Acceptance Accept(in ReplyHead head, byte[]? value)
    {
        if (head.Opaque == ReplyHead.NoOpaque && head.KeyOrError is string error)
        {
            _errors.Add(error);
            return Acceptance.More;
        }

        var command = head.Opaque;
        if (command < _next || command >= _count)
        {
            throw new MemcachedProtocolException($"The server answered command {command} where one from {_next} to {_count - 1} was due.");
        }

        SettleUpTo(command);
        _replies[command] = new MetaReply(head, value);
        _next = command + 1;
        return Acceptance.More;
    }

    public override Acceptance AcceptEnd()
    {
        SettleUpTo(_count);
        return Finish();
    }

    public override void Execute()
    {
        if (Error is { } error)
        {
            _source.SetException(error);
        }
        else
        {
            _source.SetResult(true);
        }
    }

    public void GetResult(short token)
    {
        _ = _source.GetStatus(token);
        EndWatch();
        if (!IsReusable)
        {
            _source.GetResult(token);
            return;
        }

        _source.GetResult(token);
        if (_pipeline is not null)
        {
            _replies = _pipeline.TakeReplies(_replies, _count);
        }
        else
        {
            var replies = _replies.AsSpan(0, _count);
            replies.CopyTo(_target.Span);
            replies.Clear();
        }

        _source.Reset();
        if (_replies.Length > KeptReplies)
        {
            _replies = [];
        }

        _pipeline = null;
        _target = default;
        ResetBase();
        free.Return(this);
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Begin(int count)
    {
        _count = count;
        _next = 0;
        _errors.Clear();
        if (_replies.Length < count)
        {
            _replies = new MetaReply[Math.Max(count, 64)];
        }
    }

    /// <summary>Commands before this one that said nothing have had their usual outcome, unless error lines came in between.</summary>
    private void SettleUpTo(int command)
    {
        if (_errors.Count > 0)
        {
            SettleErrors(command);
            return;
        }

        for (var silent = _next; silent < command; silent++)
        {
            _replies[silent] = new MetaReply(SilentStatus(silent));
        }
    }

    private MetaStatus SilentStatus(int command) => _kinds[command] == CommandKind.QuietGet ? MetaStatus.Miss : MetaStatus.Hit;

    /// <summary>An error line names no command. If there are as many as loud commands without a reply, they are theirs, in order;
    /// otherwise it can be any of the silent ones, and none of them may count as done.</summary>
    private void SettleErrors(int command)
    {
        var loud = _kinds.AsSpan(_next, command - _next).Count(CommandKind.Loud);
        var exact = loud == _errors.Count;
        var error = 0;
        for (var silent = _next; silent < command; silent++)
        {
            if (exact && _kinds[silent] != CommandKind.Loud)
            {
                _replies[silent] = new MetaReply(SilentStatus(silent));
            }
            else
            {
                var line = _errors[exact ? error++ : 0];
                _replies[silent] = new MetaReply(
                    line.StartsWith("SERVER_ERROR", StringComparison.Ordinal) ? MetaStatus.ServerError : MetaStatus.ClientError, line);
            }
        }

        _errors.Clear();
    }
}

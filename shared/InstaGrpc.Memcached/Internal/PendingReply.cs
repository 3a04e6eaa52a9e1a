namespace InstaGrpc.Memcached.Internal;

/// <summary>
/// A command on the wire and the caller who waits for it. Three parties may end it: the receive loop (its reply came, or the connection
/// broke), the caller's cancellation, and the sweep for timeouts. Who changes the state first has it (<see cref="TryClaim()"/>); the
/// others do nothing.
/// </summary>
/// <remarks>
/// A command that was given up stays in the queue, so that its late reply is read as its own and not as its successor's. It is then never
/// used again: the receive loop may still write into it. One that was answered is used again when its caller has fetched the result;
/// that is why the state carries a number of lives. The sweep reads the life, then the deadline, then claims that life:
/// <see cref="Arm"/> writes the deadline before the new life, so a command that is recycled under the sweep's eyes cannot be ended by its
/// predecessor's deadline.
/// </remarks>
internal abstract class PendingReply : IThreadPoolWorkItem
{
    // Odd: claimed, or not armed. Even: waiting; each life has its own number.
    private int _state = 1;
    private int _deadline;
    private CancellationTokenRegistration _cancellation;

    /// <summary>Next in the list of free ones.</summary>
    public PendingReply? NextFree { get; set; }

    /// <summary>The tick at which it has waited too long.</summary>
    public int Deadline => Volatile.Read(ref _deadline);

    public int Life => Volatile.Read(ref _state);

    /// <summary>Text commands (<c>stats</c>, <c>me</c>) take their lines as they are.</summary>
    public virtual bool TakesLines => false;

    /// <summary>True if it sent values: after an error line it is unknown whether the server has read them or takes them for
    /// commands.</summary>
    public bool HasValues { get; set; }

    protected Exception? Error { get; private set; }

    /// <summary>True if the receive loop has ended it and holds no reference any more.</summary>
    protected bool IsReusable { get; private set; }

    public void Arm(int deadline, bool hasValues)
    {
        HasValues = hasValues;
        Volatile.Write(ref _deadline, deadline);
        Volatile.Write(ref _state, unchecked(_state + 1));
    }

    public void WatchFor(CancellationToken cancellation)
    {
        if (cancellation.CanBeCanceled)
        {
            _cancellation = cancellation.UnsafeRegister(
                static (state, token) => ((PendingReply)state!).TryFail(new OperationCanceledException(token)), this);
        }
    }

    public bool TryClaim(int life) => (life & 1) == 0 && Interlocked.CompareExchange(ref _state, life | 1, life) == life;

    /// <summary>Gives up on one that may still be answered.</summary>
    public void TryFail(Exception error) => TryFail(Life, error);

    public void TryFail(int life, Exception error)
    {
        if (TryClaim(life))
        {
            Error = error;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Called by the receive loop for a reply and its value.</summary>
    public abstract Acceptance Accept(in ReplyHead head, byte[]? value);

    /// <summary>Called by the receive loop for <c>MN</c>.</summary>
    public abstract Acceptance AcceptEnd();

    /// <summary>Called by the receive loop for a line if <see cref="TakesLines"/>.</summary>
    public virtual Acceptance AcceptLine(ReadOnlySpan<byte> line) => throw new NotSupportedException();

    /// <summary>Wakes the caller, on this thread.</summary>
    public abstract void Execute();

    /// <summary>The receive loop's last step, if it is the first to end this.</summary>
    protected Acceptance Finish()
    {
        if (!TryClaim(Life))
        {
            return Acceptance.Dropped;
        }

        IsReusable = true;
        return Acceptance.Complete;
    }

    /// <summary>Ends the watch for cancellation; waits for a callback that is running, so that it cannot meet a later life.</summary>
    protected void EndWatch()
    {
        _cancellation.Dispose();
        _cancellation = default;
    }

    protected void ResetBase()
    {
        Error = null;
        IsReusable = false;
    }
}

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>The contract's ceiling, or the operator's lower one, on the call's deadline; a caller's shorter deadline wins.</summary>
internal sealed class DeadlineCheck : ICallCheck
{
    public void Check(MeshCallContext call)
    {
        var ceiling = call.Served.Policy.Deadline;
        if (ceiling != Timeout.InfiniteTimeSpan)
        {
            call.Limit(ceiling);
        }

        if (call.IsOverdue)
        {
            throw new DeadlineExceededException("the call's time was over when it arrived");
        }
    }
}

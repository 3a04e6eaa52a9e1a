namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>The contract's ceiling, or the operator's lower one, on the call's deadline; a caller's shorter deadline wins.</summary>
internal sealed class DeadlineCheck : ICallCheck
{
    public void Check(MeshCallContext call)
    {
        call.Limit(call.Served.Policy.Deadline);
        if (call.IsOverdue)
        {
            throw new DeadlineExceededException("the call's time was over when it arrived");
        }
    }
}

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>The contract's ceiling, or the operator's lower one, on the call's deadline; a caller's shorter deadline wins.</summary>
internal sealed class DeadlineInterceptor(EffectivePolicies policies) : CheckInterceptor
{
    protected override void Check(MeshCallContext call)
    {
        var ceiling = policies.Of(call.Contract).Deadline;
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

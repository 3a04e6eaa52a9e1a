using System.Runtime.ExceptionServices;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A cached read that failed on the short way, on its way to where calls fail: a feature of the request.</summary>
/// <param name="Failure">Why.</param>
/// <param name="Started">When the call began, by the process's clock.</param>
internal sealed record FailedRead(Exception Failure, long Started)
{
    public void Throw() => ExceptionDispatchInfo.Throw(Failure);
}

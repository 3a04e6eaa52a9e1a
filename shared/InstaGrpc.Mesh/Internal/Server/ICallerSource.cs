using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A call context that knows who calls, or why the handler may not.</summary>
internal interface ICallerSource
{
    Caller ReadCaller();
}

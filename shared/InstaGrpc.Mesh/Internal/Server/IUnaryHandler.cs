using Google.Protobuf;
using Grpc.Core;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A unary method of a service class, callable without the call that brought it: for runs that outlive their first
/// caller.</summary>
internal interface IUnaryHandler
{
    /// <summary>Makes the service from the scope and calls the method.</summary>
    Task<IMessage> RunAsync(IServiceProvider scope, IMessage request, ServerCallContext context);

    /// <summary>The method of the one object that serves all calls, as a <c>Func&lt;TRequest, ServerCallContext, Task&lt;TResponse&gt;&gt;</c>;
    /// null where interceptors stand between the mesh and the handler.</summary>
    Delegate? OfSingleton(IServiceProvider services);
}

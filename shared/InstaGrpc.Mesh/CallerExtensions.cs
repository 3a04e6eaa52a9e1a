using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Internal.Server;

namespace InstaGrpc.Mesh;

/// <summary>What a handler may know of who calls it.</summary>
public static class CallerExtensions
{
    /// <summary>Who calls.</summary>
    /// <exception cref="UndeclaredCallerException">
    /// The method is cached and its contract does not vary by caller: its answer is for everybody.
    /// </exception>
    /// <exception cref="InvalidOperationException">The call did not come through the mesh.</exception>
    public static Caller GetCaller(this ServerCallContext context) => context is ICallerSource source
        ? source.ReadCaller()
        : throw new InvalidOperationException(
            $"{context.Method} was not mapped by the mesh, so nobody has checked who calls; add its service with "
                + $"AddInstaMesh(…).AddService<…>().");

    /// <summary>The user who calls, or for whom a service calls.</summary>
    /// <exception cref="UnauthenticatedException">There is none.</exception>
    /// <exception cref="UndeclaredCallerException">As for <see cref="GetCaller"/>.</exception>
    public static long RequireUser(this ServerCallContext context) =>
        context.GetCaller().UserId ?? throw new UnauthenticatedException("this call needs a signed-in user");
}

using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Mesh.Shedding;

/// <summary>Stands before the unary methods of services for outside.</summary>
internal sealed class LoadShedding
{
    public RequestDelegate Precede(IMethod method, RequestDelegate next) => next;
}

using Grpc.Core;
using InstaGrpc.Mesh.HealthV1;
using ServingStatus = InstaGrpc.Mesh.HealthV1.HealthCheckResponse.Types.ServingStatus;

namespace InstaGrpc.Mesh.Internal.Health;

/// <summary><c>grpc.health.v1</c>.</summary>
internal sealed class HealthGrpcService(HealthBoard board) : HealthV1.Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        StatusOf(board.State, request.Service) is { } status
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw new RpcException(new Status(StatusCode.NotFound, $"{request.Service} is not served here"));

    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        var state = board.State;
        var response = new HealthListResponse();
        foreach (var name in state.Services.Keys.Prepend(string.Empty))
        {
            response.Statuses[name] = new HealthCheckResponse { Status = StatusOf(state, name)!.Value };
        }

        return Task.FromResult(response);
    }

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream,
        ServerCallContext context)
    {
        ServingStatus? last = null;
        var state = board.State;
        while (true)
        {
            var status = StatusOf(state, request.Service) ?? ServingStatus.ServiceUnknown;
            if (status != last)
            {
                last = status;
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status },
                    context.CancellationToken).ConfigureAwait(false);
            }

            if (state.IsStopping)
            {
                // It has been said, and a stream without end would hold up the stop.
                throw new RpcException(new Status(StatusCode.Unavailable, "this process is stopping"));
            }

            state = await board.WaitForChangeAsync(state, context.CancellationToken).ConfigureAwait(false);
        }
    }

    private static ServingStatus? StatusOf(HealthState state, string service) => service.Length == 0
        ? Of(state.IsReady)
        : state.Services.TryGetValue(service, out var serving) ? Of(serving) : null;

    private static ServingStatus Of(bool serving) => serving ? ServingStatus.Serving : ServingStatus.NotServing;
}

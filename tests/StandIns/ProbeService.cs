using Grpc.Core;

namespace InstaGrpc.StandIns.Tests;

internal sealed class ProbeService(ProbeHandlers handlers) : Probe.ProbeBase
{
    public override Task<Answer> Unary(Ask request, ServerCallContext context) => handlers.Unary(request, context);

    public override Task Split(Ask request, IServerStreamWriter<Answer> responseStream, ServerCallContext context) =>
        handlers.Split(request, responseStream, context);

    public override Task<Answer> Join(IAsyncStreamReader<Ask> requestStream, ServerCallContext context) =>
        handlers.Join(requestStream, context);

    public override Task Talk(
        IAsyncStreamReader<Ask> requestStream, IServerStreamWriter<Answer> responseStream, ServerCallContext context) =>
        handlers.Talk(requestStream, responseStream, context);
}

namespace InstaGrpc.Caching.Internal;

/// <summary>Runs a batch's handler for one of its items.</summary>
internal sealed class ItemRun(IBatchRun run, int item) : IHandlerRun
{
    public async ValueTask<HandlerAnswer> RunAsync(HandlerRunContext context, CancellationToken cancellation) =>
        (await run.RunAsync(context, [item], cancellation).ConfigureAwait(false))[0];
}

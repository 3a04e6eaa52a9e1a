namespace InstaGrpc.Caching;

/// <summary>Runs a batch method's handler for some of its items. As <see cref="IHandlerRun"/>.</summary>
public interface IBatchRun
{
    /// <summary>Runs it once for these items.</summary>
    /// <param name="context">As for a single run.</param>
    /// <param name="items">Numbers of the items that are wanted, ascending.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>One answer for each of <paramref name="items"/>, in their order.</returns>
    ValueTask<IReadOnlyList<HandlerAnswer>> RunAsync(HandlerRunContext context, IReadOnlyList<int> items, CancellationToken cancellation);
}

namespace InstaGrpc.Caching.Internal;

/// <summary>A read past the cache: the handler, on the primary, under the admission limit that holds for all handler runs of cached methods.</summary>
internal static class UncachedRun
{
    public static async ValueTask<CacheAnswer> RunAsync(
        CachedMethod method, NodeState node, ReadConditions conditions, IHandlerRun run, long began, UncachedReason reason,
        CancellationToken cancellation)
    {
        method.Counters.Uncached(reason);
        var remaining = conditions.Whole(method) - node.Runtime.Time.GetElapsedTime(began);

        // Inside another run: that one has been let in, and waiting for a second place while it holds the first could wait for itself.
        var admitted = conditions.Within is not null;
        if (!admitted)
        {
            await node.Admission.EnterAsync(conditions.Priority, remaining, cancellation).ConfigureAwait(false);
        }

        // A run that nobody waits for any more must not keep its place.
        using var limit = new CancellationTokenSource(remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero, node.Runtime.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var context = new HandlerRunContext(
                method, node.Name, null, EntryRead.TokenOf(conditions), remaining, method.Policy.VaryByCaller ? conditions.CallerId : null);
            method.Counters.HandlerRun();
            var answer = await run.RunAsync(context, either.Token).ConfigureAwait(false);
            method.Counters.Answered(CacheLevel.Uncached);
            return new CacheAnswer(CacheLevel.Uncached, answer.IsPresent, answer.Bytes, answer.Message) { Uncached = reason };
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw Overdue(method);
        }
        finally
        {
            if (!admitted)
            {
                node.Admission.Leave();
            }
        }
    }

    public static ReadOverdueException Overdue(CachedMethod method) => new($"The time of this read of {method.Contract.FullName} is over.");
}

namespace InstaGrpc.Caching;

/// <summary>Runs a method's handler. May be called after the call that brought it has ended: a run outlives its first caller.</summary>
public interface IHandlerRun
{
    /// <summary>Runs it once, in a scope of its own.</summary>
    /// <exception cref="Exception">Whatever the handler throws (NOT_FOUND excepted, which is <see cref="HandlerAnswer.Absent"/>): it goes to every
    /// caller who waits for this run.</exception>
    ValueTask<HandlerAnswer> RunAsync(HandlerRunContext context, CancellationToken cancellation);
}

using System.Text;

namespace InstaGrpc.Caching.Tests;

/// <summary>A handler that a test writes, and counts.</summary>
internal sealed class ScriptedRun(Func<HandlerRunContext, CancellationToken, ValueTask<HandlerAnswer>> handler) : IHandlerRun
{
    private int _runs;

    public ScriptedRun(Func<string> read)
        : this((_, _) => new(Of(read())))
    {
    }

    public int Runs => Volatile.Read(ref _runs);

    public List<HandlerRunContext> Contexts { get; } = [];

    public static HandlerAnswer Of(string text) => HandlerAnswer.Present(Encoding.UTF8.GetBytes(text));

    public ValueTask<HandlerAnswer> RunAsync(HandlerRunContext context, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _runs);
        lock (Contexts)
        {
            Contexts.Add(context);
        }

        return handler(context, cancellation);
    }
}

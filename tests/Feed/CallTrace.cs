using System.Diagnostics;

namespace InstaGrpc.Feed.Tests;

/// <summary>Counts the calls that a server served in one trace, begun here.</summary>
internal sealed class CallTrace : IDisposable
{
    private const string Own = "InstaGrpc.Feed.Tests";
    private const string Server = "Microsoft.AspNetCore";

    private static readonly ActivitySource _source = new(Own);

    private readonly ActivityListener _listener;
    private readonly Activity _root;
    private int _served;

    public CallTrace()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is Own or Server or "System.Net.Http",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,

            // At their start: a server's span ends a moment after the client has the answer.
            ActivityStarted = activity =>
            {
                if (activity.Source.Name == Server && activity.TraceId == _root?.TraceId)
                {
                    Interlocked.Increment(ref _served);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
        _root = _source.StartActivity("test")!;
    }

    public int ServedCalls => Volatile.Read(ref _served);

    public void Dispose()
    {
        _root.Dispose();
        _listener.Dispose();
    }
}

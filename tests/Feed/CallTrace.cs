using System.Collections.Concurrent;
using System.Diagnostics;

namespace InstaGrpc.Feed.Tests;

/// <summary>Counts the calls that a server served in one trace, begun here.</summary>
internal sealed class CallTrace : IDisposable
{
    private const string Server = "Microsoft.AspNetCore";

    private static readonly ActivitySource _source = new("InstaGrpc.Feed.Tests");

    private readonly ConcurrentQueue<string> _served = new();
    private readonly ActivityListener _listener;
    private readonly Activity _root;

    public CallTrace()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is Server or "System.Net.Http" || source == _source,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name == Server && activity.TraceId == _root!.TraceId)
                {
                    _served.Enqueue(activity.DisplayName);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
        _root = _source.StartActivity("test")!;
    }

    public int ServedCalls
    {
        get
        {
            _root.Stop();

            // A server's span ends a moment after the client has the answer.
            var seen = -1;
            SpinWait.SpinUntil(
                () =>
                {
                    var before = seen;
                    seen = _served.Count;
                    Thread.Sleep(50);
                    return seen == before && seen > 0;
                },
                TimeSpan.FromSeconds(10));
            return seen;
        }
    }

    public void Dispose()
    {
        _root.Dispose();
        _listener.Dispose();
    }
}

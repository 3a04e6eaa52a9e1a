using System.Collections.Concurrent;
using System.Diagnostics;
using OpenTelemetry;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>
/// Sends recorded spans on, and keeps the others until what began them in this process has ended: if that failed or was slow, they go, too.
/// <para>
/// A process may serve several calls of one trace inside one another (roles that call each other in one process): the decision is the
/// outermost one's, so a slow call of AppService shows the quick ones that it made. Whatever ends later is not kept.
/// </para>
/// </summary>
internal sealed class LocalRoots(BaseProcessor<Activity> export, Func<TimeSpan> slow, Action<string> onKept)
    : CompositeProcessor<Activity>([export])
{
    /// <summary>Of one trace: a stream lasts for hours.</summary>
    internal const int MostSpans = 512;

    /// <summary>That are under way at once; those beyond are not looked at.</summary>
    internal const int MostTraces = 8_192;

    private readonly ConcurrentDictionary<ActivityTraceId, Waiting> _waiting = new();

    public override void OnStart(Activity data)
    {
        base.OnStart(data);

        // One that another process has begun may still lose its flag (CallSampling, on a port for outside).
        while (IsRoot(data) && (!data.Recorded || data.HasRemoteParent))
        {
            if (!_waiting.TryGetValue(data.TraceId, out var waiting))
            {
                if (_waiting.Count >= MostTraces)
                {
                    return;
                }

                waiting = _waiting.GetOrAdd(data.TraceId, static _ => new Waiting());
            }

            lock (waiting)
            {
                // Its last root may have ended between finding it and here; then nobody looks at it any more.
                if (!waiting.HasEnded)
                {
                    waiting.Roots++;
                    return;
                }
            }
        }
    }

    public override void OnEnd(Activity data)
    {
        if (data.Recorded)
        {
            base.OnEnd(data);
        }

        if (!_waiting.TryGetValue(data.TraceId, out var waiting))
        {
            return;
        }

        List<Activity>? kept = null;
        lock (waiting)
        {
            if (!data.Recorded && waiting.Spans.Count < MostSpans)
            {
                waiting.Spans.Add(data);
            }

            if (IsRoot(data))
            {
                waiting.Reason ??= data.Status == ActivityStatusCode.Error ? "error" : data.Duration >= slow() ? "slow" : null;
                waiting.Roots--;
                if (waiting.Roots <= 0)
                {
                    waiting.HasEnded = true;
                    _waiting.TryRemove(data.TraceId, out _);
                    kept = waiting.Reason is null ? null : waiting.Spans;
                }
            }
        }

        if (kept is not null)
        {
            if (kept.Count > 0)
            {
                onKept(waiting.Reason!);
            }

            foreach (var span in kept)
            {
                span.ActivityTraceFlags |= ActivityTraceFlags.Recorded;
                base.OnEnd(span);
            }
        }
    }

    private static bool IsRoot(Activity activity) => activity.Parent is null;

    private sealed class Waiting
    {
        public List<Activity> Spans { get; } = [];

        public int Roots { get; set; }

        public string? Reason { get; set; }

        public bool HasEnded { get; set; }
    }
}

using System.Diagnostics;
using OpenTelemetry.Trace;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>
/// Which activities are recorded at all.
/// <list type="bullet">
/// <item>What a recorded one has begun, here or elsewhere.</item>
/// <item>What serves a recorded write without being its child: a projector's batch, a refill. It is linked to it, and the link would lead
/// nowhere.</item>
/// <item>A call, and what is done for it: for now. <see cref="CallSampling"/> decides by its method whether it is kept from the start,
/// <see cref="LocalRoots"/> when it ends, if it was slow or failed.</item>
/// </list>
/// Whatever else begins a trace is background work (a heartbeat, a look at the queue), many times a second and of no interest to anybody.
/// </summary>
internal sealed class TraceSampler : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        if (IsRecorded(samplingParameters.ParentContext))
        {
            return new(SamplingDecision.RecordAndSample);
        }

        foreach (var link in samplingParameters.Links ?? [])
        {
            if (IsRecorded(link.Context))
            {
                return new(SamplingDecision.RecordAndSample);
            }
        }

        return new(samplingParameters.ParentContext.TraceId != default || samplingParameters.Kind == ActivityKind.Server
            ? SamplingDecision.RecordOnly
            : SamplingDecision.Drop);
    }

    private static bool IsRecorded(in ActivityContext context) => (context.TraceFlags & ActivityTraceFlags.Recorded) != 0;
}

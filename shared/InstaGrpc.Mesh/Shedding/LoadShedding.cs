using System.Diagnostics.Metrics;
using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Internal.Edge;
using InstaGrpc.Mesh.Internal.Server;
using InstaGrpc.Mesh.Internal.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Shedding;

/// <summary>
/// Stands before the unary methods of services for outside: what is more than the process can work on (<see cref="AdaptiveLimit"/>) is refused at once,
/// before anything was made of the call, which costs a few microseconds. Their policies' priorities say who is refused first. Streams do
/// not count: they wait most of the time.
/// </summary>
internal sealed class LoadShedding
{
    public const string MeterName = "InstaGrpc.Mesh.Shedding";

    private const string Refusal = "the service has all the work that it can do";

    private readonly CallGate? _gate;
    private readonly ServedMethods _methods;
    private readonly MeshInstruments _calls;
    private readonly TimeProvider _time;
    private readonly Counter<long> _refused;

    public LoadShedding(
        IOptions<SheddingOptions> options, ServedMethods methods, MeshInstruments calls, TimeProvider time, IMeterFactory meters)
    {
        (_methods, _calls, _time) = (methods, calls, time);
        _gate = options.Value.Enabled ? new CallGate(options.Value, time) : null;

        // The factory owns the meter, and disposes it.
        var meter = meters.Create(MeterName);
        _refused = meter.CreateCounter<long>("insta.shedding.refused", "{call}", "Calls refused because too many ran.");
        if (_gate is { } gate)
        {
            meter.CreateObservableGauge("insta.shedding.limit", () => gate.Limit, "{call}", "Calls from outside that may run at once.");
            meter.CreateObservableGauge("insta.shedding.running", () => gate.Running, "{call}", "Calls from outside that run.");
        }
    }

    /// <summary>Puts itself before a method.</summary>
    public RequestDelegate Precede(IMethod method, RequestDelegate next) => _gate is { } gate && _methods.TryGet(method.FullName, out var served)
        ? http => gate.TryEnter(served.Contract.Policy.Priority) ? RunAsync(gate, next, http) : RefuseAsync(gate, served.Contract, http)
        : next;

    private async Task RunAsync(CallGate gate, RequestDelegate next, HttpContext http)
    {
        var entered = _time.GetTimestamp();
        try
        {
            await next(http).ConfigureAwait(false);
        }
        finally
        {
            gate.Leave(entered);
        }
    }

    private Task RefuseAsync(CallGate gate, MethodContract contract, HttpContext http)
    {
        var pause = (long)gate.Pushback().TotalMilliseconds;
        http.Response.Headers[MetadataNames.RetryPushback] = pause.ToString(CultureInfo.InvariantCulture);
        _refused.Add(1, new("method", contract.FullName), new("priority", contract.Policy.Priority.ToString()));
        _calls.Called(contract.FullName, StatusCode.ResourceExhausted, TimeSpan.Zero);
        return TrailersOnly.WriteAsync(http, StatusCode.ResourceExhausted, Refusal);
    }
}

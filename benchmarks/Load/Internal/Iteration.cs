using System.Diagnostics;

namespace InstaGrpc.Load.Internal;

/// <summary>One run of a scenario.</summary>
internal sealed class Iteration(ScenarioRecorder recorder, long number, long intended, int seed, CancellationToken cancellation) : IScenarioContext
{
    private Random? _random;
    private int _steps;

    public string ScenarioName => recorder.Name;

    public long InvocationNumber => number;

    public Random Random => _random ??= new Random(seed);

    public CancellationToken CancellationToken => cancellation;

    /// <summary>When the next step began: the first one when the iteration was due.</summary>
    public long TakeStepStart() => Interlocked.Increment(ref _steps) == 1 ? intended : Stopwatch.GetTimestamp();

    public void Record(string step, long ticks, Response response) => recorder.Record(step, ticks, response);

    /// <summary>What became of it, whatever it threw.</summary>
    public static async Task<Response> OutcomeAsync(Func<Task<Response>> run)
    {
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (Grpc.Core.RpcException e)
        {
            return Response.Fail(e.StatusCode.ToString(), e.Status.Detail);
        }
        // Whatever a scenario throws is a failed iteration, which the report names; the run goes on.
        catch (Exception e)
        {
            return Response.Fail(e.GetType().Name, e.Message);
        }
    }
}

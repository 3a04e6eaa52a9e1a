using System.Diagnostics;
using InstaGrpc.Load.Internal;

namespace InstaGrpc.Load;

/// <summary>A part of an iteration that has figures of its own.</summary>
public static class Step
{
    /// <summary>Runs it. The first step of an iteration counts from the iteration's intended start, the others from their own.</summary>
    /// <returns>What it returned; a failure if it threw.</returns>
    public static async Task<Response> Run(string name, IScenarioContext context, Func<Task<Response>> run)
    {
        var iteration = (Iteration)context;
        var begun = iteration.TakeStepStart();
        var response = await Iteration.OutcomeAsync(run).ConfigureAwait(false);
        iteration.Record(name, Stopwatch.GetTimestamp() - begun, response);
        return response;
    }
}

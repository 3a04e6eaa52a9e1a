using InstaGrpc.Load.Faults;
using InstaGrpc.Load.Scenarios;

namespace InstaGrpc.Load.Command;

/// <summary>A run's load simulations.</summary>
internal static class LoadSchedule
{
    /// <param name="options">What was asked for.</param>
    /// <param name="entry">The scenario.</param>
    public static LoadSimulation[] Of(LoadOptions options, ScenarioCatalog.Entry entry)
    {
        var (rate, second, during) = (options.Rate ?? entry.Rate, TimeSpan.FromSeconds(1), options.Duration);
        LoadSimulation[] asked = options.Shape switch
        {
            LoadShape.Ramp => [Simulation.RampingInject(rate, second, during / 2), Simulation.Inject(rate, second, during / 2)],
            LoadShape.Random => [Simulation.InjectRandom(rate / 2, rate * 1.5, second, during)],
            LoadShape.Closed => [Simulation.KeepConstant((int)Math.Max(1, rate / 10), during)],
            _ when entry.Bursts => [Simulation.Burst(rate, second, during)],
            _ => [Simulation.Inject(rate, second, during)],
        };
        // It goes on until the mesh is well again.
        return options.Kill is null ? asked : [.. asked, asked[^1] with { During = KilledPart.LongestRecovery }];
    }
}

namespace InstaGrpc.Load.Internal;

/// <summary>When the iterations of open simulations are due.</summary>
internal static class Arrivals
{
    /// <summary>Offsets from the simulation's beginning, ascending.</summary>
    /// <param name="simulation">An open one.</param>
    /// <param name="before">Iterations in an interval of the same length just before.</param>
    /// <param name="random">For random ones.</param>
    public static IEnumerable<TimeSpan> Of(LoadSimulation simulation, double before, Random random) => simulation.Kind switch
    {
        SimulationKind.Inject => Ramp(simulation, simulation.Count),
        SimulationKind.RampingInject => Ramp(simulation, before),
        SimulationKind.InjectRandom => AtRandom(simulation, random),
        SimulationKind.Burst => Bursts(simulation),
        _ => [],
    };

    /// <summary>The n-th is due when the integral of the rate has come to n.</summary>
    private static IEnumerable<TimeSpan> Ramp(LoadSimulation simulation, double from)
    {
        // In a time of 0 to 1: N(t) = a t + (b - a) t² / 2, both rates as iterations in the whole time.
        var intervals = simulation.During / simulation.Interval;
        double a = from * intervals, b = simulation.Count * intervals;
        var all = (a + b) / 2;
        for (var n = 0L; n < all - 1e-9; n++)
        {
            var t = Math.Abs(b - a) < 1e-9 ? n / a : (-a + Math.Sqrt((a * a) + (2 * (b - a) * n))) / (b - a);
            yield return simulation.During * Math.Clamp(t, 0, 1);
        }
    }

    private static IEnumerable<TimeSpan> AtRandom(LoadSimulation simulation, Random random)
    {
        for (var begin = TimeSpan.Zero; begin < simulation.During; begin += simulation.Interval)
        {
            var count = (int)Math.Round(simulation.Least + (random.NextDouble() * (simulation.Count - simulation.Least)));
            var moments = new double[count];
            for (var n = 0; n < count; n++) moments[n] = random.NextDouble();
            Array.Sort(moments);
            foreach (var moment in moments)
            {
                var due = begin + (simulation.Interval * moment);
                if (due < simulation.During) yield return due;
            }
        }
    }

    private static IEnumerable<TimeSpan> Bursts(LoadSimulation simulation)
    {
        var owed = 0.0;
        for (var begin = TimeSpan.Zero; begin < simulation.During; begin += simulation.Interval)
        {
            for (owed += simulation.Count; owed >= 1; owed--) yield return begin;
        }
    }
}

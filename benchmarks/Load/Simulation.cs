namespace InstaGrpc.Load;

/// <summary>Makes load simulations. Those that inject are open: an iteration begins when it is due, whether or not others have been
/// answered. The others are closed: a copy begins its next iteration when the last one has ended.</summary>
public static class Simulation
{
    /// <summary>So many copies all the time.</summary>
    public static LoadSimulation KeepConstant(int copies, TimeSpan during) =>
        new() { Kind = SimulationKind.KeepConstant, Count = Positive(copies), During = Positive(during) };

    /// <summary>From as many copies as before, or none, evenly to so many.</summary>
    public static LoadSimulation RampingConstant(int copies, TimeSpan during) =>
        new() { Kind = SimulationKind.RampingConstant, Count = Positive(copies), During = Positive(during) };

    /// <summary>So many iterations in each interval, evenly spaced.</summary>
    public static LoadSimulation Inject(double rate, TimeSpan interval, TimeSpan during) =>
        new() { Kind = SimulationKind.Inject, Count = Positive(rate), Interval = Positive(interval), During = Positive(during) };

    /// <summary>From as many in an interval as before, or none, evenly to so many.</summary>
    public static LoadSimulation RampingInject(double rate, TimeSpan interval, TimeSpan during) =>
        new() { Kind = SimulationKind.RampingInject, Count = Positive(rate), Interval = Positive(interval), During = Positive(during) };

    /// <summary>In each interval a random number between the two, at random moments.</summary>
    public static LoadSimulation InjectRandom(double minRate, double maxRate, TimeSpan interval, TimeSpan during) => new()
    {
        Kind = SimulationKind.InjectRandom, Least = minRate, Count = Positive(Math.Max(minRate, maxRate)), Interval = Positive(interval),
        During = Positive(during),
    };

    /// <summary>So many at once at the beginning of each interval.</summary>
    public static LoadSimulation Burst(double count, TimeSpan interval, TimeSpan during) =>
        new() { Kind = SimulationKind.Burst, Count = Positive(count), Interval = Positive(interval), During = Positive(during) };

    /// <summary>Nothing.</summary>
    public static LoadSimulation Pause(TimeSpan during) => new() { Kind = SimulationKind.Pause, During = Positive(during) };

    private static double Positive(double number)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(number);
        return number;
    }

    private static TimeSpan Positive(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero);
        return time;
    }
}

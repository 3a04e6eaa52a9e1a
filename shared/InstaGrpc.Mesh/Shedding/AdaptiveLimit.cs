namespace InstaGrpc.Mesh.Shedding;

/// <summary>
/// Learns how many calls at once a process can work on, from nothing but how long they take.
/// <para>
/// Below its capacity a system answers more when it may do more, in the same time; above it everybody only waits longer. So the gradient of latency
/// against concurrency says on which side of its knee it is: 0 below, 1 above. It is measured as PCC Vivace (Dong et al., NSDI 2018) measures the
/// gradient of its utility: by small experiments around the present value, some windows a little above, one a little below in their midst, so
/// that a drift of the machine cancels out. The utility is Kleinrock's power with more weight on throughput, X / R^k:
/// its peak is the knee, and it falls more slowly above than below, so that the limit stands where throughput is whole.
/// </para>
/// <para>
/// Unlike limits that compare with a remembered "latency without load" (TCP Vegas, Envoy's gradient controller, Netflix's Gradient2), it
/// has nothing to remember: no moments in which traffic is held back to measure anew, and when the handlers themselves become slower the
/// knee is where it was, and so is the limit. An experiment costs at most a tenth of the limit (one call, where that is more) for a fifth of the time.
/// </para>
/// </summary>
internal sealed class AdaptiveLimit
{
    private const double Step = 0.1;
    private const double LatencyWeight = 0.5;
    private const double Gain = 0.2;
    private const int LargestStreak = 4;
    private const double LargestMove = 0.35;
    private const double LeastRefused = 0.05;
    private const double Widening = 1.05;

    // True: above. Below, throughput may be lost, so that side is looked at only as long as it needs.
    private static readonly bool[] s_order = [true, true, false, true, true];

    private readonly int _least;
    private readonly int _most;
    private readonly int _initial;
    private readonly double[] _latency = new double[2];
    private double _center;
    private int _at;
    private int _direction;
    private int _streak;

    public AdaptiveLimit(SheddingOptions options)
    {
        (_least, _most) = (options.Least, options.Most);
        _center = _initial = Math.Clamp(options.Initial, _least, _most);
        Apply();
    }

    /// <summary>Calls that may run at once, until the next window.</summary>
    public int Current { get; private set; }

    /// <summary>A window has ended.</summary>
    /// <param name="latency">The mean time of its calls.</param>
    /// <param name="refused">The part of its calls that the limit kept out. Few or none: what came fits in, so that nothing is learned, but a
    /// limit that is narrow since the last overload widens again, for the bursts of ordinary times.</param>
    public void Observe(TimeSpan latency, double refused)
    {
        if (refused < LeastRefused || latency <= TimeSpan.Zero)
        {
            Begin();
            _center = Math.Max(_center, Math.Min(_initial, _center * Widening));
            Apply();
            return;
        }

        _latency[s_order[_at] ? 1 : 0] += Math.Log(latency.TotalMilliseconds);
        _at++;
        if (_at == s_order.Length)
        {
            Move();
            Begin();
        }

        Apply();
    }

    private void Move()
    {
        var apart = Math.Log((double)Above / Below);
        var gradient = ((_latency[1] / (s_order.Length - 1)) - _latency[0]) / apart;
        var slope = 1 - ((1 + LatencyWeight) * gradient);

        // As long as it goes on in one direction it goes faster (Vivace's confidence amplifier): far off, noise does not turn it around.
        var direction = Math.Sign(slope);
        _streak = direction == _direction ? Math.Min(LargestStreak, _streak + 1) : 0;
        _direction = direction;
        var move = Gain * (1 + _streak) * slope;
        _center = Math.Clamp(_center * Math.Exp(Math.Clamp(move, -LargestMove, LargestMove)), _least, _most);
    }

    private void Begin()
    {
        _at = 0;
        Array.Clear(_latency);
    }

    // At least one call up or down: a tenth of a small limit would be none.
    private double Apart => Math.Max(1, _center * Step);

    private int Above => (int)Math.Round(_center + Apart);

    private int Below => Math.Max(1, (int)Math.Round(_center - Apart));

    private void Apply() => Current = s_order[_at] ? Above : Below;
}

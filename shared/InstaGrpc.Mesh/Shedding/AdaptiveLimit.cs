namespace InstaGrpc.Mesh.Shedding;

/// <summary>
/// Learns how many calls at once a process can work on, from nothing but how long they take.
/// <para>
/// Below its capacity a system answers more when it may do more, in the same time; above it everybody only waits longer. So the gradient of latency
/// against concurrency says on which side of its knee it is: 0 below, 1 above. It is measured as PCC Vivace (Dong et al., NSDI 2018) measures the
/// gradient of its utility: by small experiments around the present value, some windows a little above, some a little below, in an order
/// (above, below, below, above) in which a drift of the machine cancels out. The utility is Kleinrock's power with more weight on throughput, X / R^k:
/// its peak is the knee, and it falls more slowly above than below, so that the limit stands where throughput is whole.
/// </para>
/// <para>
/// Unlike limits that compare with a remembered "latency without load" (TCP Vegas, Envoy's gradient controller, Netflix's Gradient2), it
/// has nothing to remember: no moments in which traffic is held back to measure anew, and when the handlers themselves become slower the
/// knee is where it was, and so is the limit. An experiment costs at most a tenth of the limit for a tenth of a second.
/// </para>
/// </summary>
internal sealed class AdaptiveLimit
{
    private const double Step = 0.1;
    private const double LatencyWeight = 0.5;
    private const double Gain = 0.3;
    private const double LargestMove = 0.25;

    // True: above.
    private static readonly bool[] s_order = [true, false, false, true];

    private readonly int _least;
    private readonly int _most;
    private readonly double[] _latency = new double[2];
    private readonly double[] _running = new double[2];
    private double _center;
    private int _at;

    public AdaptiveLimit(SheddingOptions options)
    {
        (_least, _most) = (options.Least, options.Most);
        _center = Math.Clamp(options.Initial, _least, _most);
        Apply();
    }

    /// <summary>Calls that may run at once, until the next window.</summary>
    public int Current { get; private set; }

    /// <summary>A window has ended.</summary>
    /// <param name="latency">The mean time of its calls.</param>
    /// <param name="running">How many ran at once, on average.</param>
    /// <param name="isFull">Whether the limit kept anybody out: otherwise it says nothing of the limit.</param>
    public void Observe(TimeSpan latency, double running, bool isFull)
    {
        if (!isFull || latency <= TimeSpan.Zero || running <= 0)
        {
            Begin();
            Apply();
            return;
        }

        var side = s_order[_at] ? 1 : 0;
        _latency[side] += Math.Log(latency.TotalMilliseconds);
        _running[side] += Math.Log(running);
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
        var windows = s_order.Length / 2;
        var apart = (_running[1] - _running[0]) / windows;
        if (apart < Step / 2)
        {
            // They did not differ as they should have: nothing can be said.
            return;
        }

        var gradient = (_latency[1] - _latency[0]) / windows / apart;
        var move = Gain * (1 - ((1 + LatencyWeight) * gradient));
        _center = Math.Clamp(_center * Math.Exp(Math.Clamp(move, -LargestMove, LargestMove)), _least, _most);
    }

    private void Begin()
    {
        _at = 0;
        Array.Clear(_latency);
        Array.Clear(_running);
    }

    // At least one call up or down: a tenth of a small limit would be none.
    private void Apply()
    {
        var step = Math.Max(1, _center * Step);
        Current = Math.Max(1, (int)Math.Round(s_order[_at] ? _center + step : _center - step));
    }
}

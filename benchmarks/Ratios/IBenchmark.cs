namespace InstaGrpc.Ratios;

/// <summary>One of <c>./insta bench</c>'s names.</summary>
internal interface IBenchmark
{
    /// <summary>What it measures against what, in one line.</summary>
    string About { get; }

    /// <summary>Measures. Whatever was started is stopped when it returns.</summary>
    Task RunAsync(BenchmarkReport report, CancellationToken cancellation);
}

namespace InstaGrpc.Load.Command;

/// <summary>What <c>./insta load SCENARIO</c> was asked for.</summary>
internal sealed record LoadOptions
{
    public required string Scenario { get; init; }

    /// <summary>Iterations a second; null: the scenario's own.</summary>
    public double? Rate { get; init; }

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Where the report goes; null: below .insta/load.</summary>
    public string? Report { get; init; }

    /// <summary>Whether the figures are kept in benchmarks/results.</summary>
    public bool Save { get; init; }

    public int Users { get; init; } = 500;

    public LoadShape Shape { get; init; } = LoadShape.Steady;

    public int Processes { get; init; } = 1;

    public int Seed { get; init; } = 1;

    /// <summary>host:port; null: that of the running <c>insta up</c>.</summary>
    public string? Grpc { get; init; }

    /// <summary>host:port; null: that of the running <c>insta up</c>, or none where <see cref="Grpc"/> is given.</summary>
    public string? Web { get; init; }

    /// <summary>The data folder of <c>insta up</c>; null: the usual one.</summary>
    public string? Data { get; init; }

    /// <summary>Databases of nodes of a mesh that is named by <see cref="Grpc"/>; empty: the stream is not measured.</summary>
    public IReadOnlyDictionary<string, string> Postgres { get; init; } = new Dictionary<string, string>();

    /// <summary>host:port of its memcached servers.</summary>
    public IReadOnlyList<string> Memcached { get; init; } = [];

    /// <summary>Of its keys in memcached.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>How long what was written may still come when the load has ended.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most percent of iterations that may fail; null: the usual.</summary>
    public double? MaxErrors { get; init; }

    /// <summary>Milliseconds that 99 % of the iterations may take; null: the usual.</summary>
    public double? P99 { get; init; }

    /// <summary>A part of a mesh of its own that is killed on the way; null: none.</summary>
    public string? Kill { get; init; }

    /// <summary>A fault that the runner makes itself, to be found by it: "stale" or "stall". For its tests.</summary>
    public string? Plant { get; init; }

    /// <summary>Which process of several this is; null: the one that coordinates.</summary>
    public int? Worker { get; init; }

    /// <summary>As it was called.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }
}

using InstaGrpc.Embedded;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>What <c>insta up</c> keeps on disk, and where.</summary>
internal sealed class DataFolder(string path)
{
    /// <summary>Set by the script ./insta to the checkout's .insta.</summary>
    private const string _stateVariable = "INSTA_STATE";

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string EndpointsFile => System.IO.Path.Combine(Path, "endpoints.json");

    /// <summary>The run's settings, see <see cref="RunSettings"/>.</summary>
    public string SettingsFile => System.IO.Path.Combine(Path, "settings.json");

    /// <summary>Is there when the demo has been written whole.</summary>
    public string DemoFile => System.IO.Path.Combine(Path, "demo.done");

    public string BlobFolder => System.IO.Path.Combine(Path, "blobs");

    public static string DefaultPath => System.IO.Path.Combine(State ?? ".insta", "data");

    public EmbeddedPostgresOptions Postgres(Action<string>? report = null) =>
        new()
        {
            // Its clients are gone when it is stopped: what a fast stop would wait for is somebody else's walsender.
            DataFolder = System.IO.Path.Combine(Path, "postgres"), TemplateFolder = State, StopLimit = TimeSpan.FromSeconds(2), Report = report,
        };

    public EmbeddedMemcachedOptions Memcached(Action<string>? report = null) => new()
    {
        MemoryMegabytes = 256,
        PidFile = System.IO.Path.Combine(Path, "memcached.pid"),
        LogFile = System.IO.Path.Combine(Path, "memcached.log"),
        Report = report,
    };

    /// <summary>Ends servers that a killed run left here. The caller owns the folder.</summary>
    public async Task StopLeftoversAsync(Action<string> report, CancellationToken ct)
    {
        await EmbeddedPostgres.StopLeftoverAsync(Postgres(report), ct);
        await EmbeddedMemcached.StopLeftoverAsync(Memcached(report), ct);
    }

    private static string? State => Environment.GetEnvironmentVariable(_stateVariable) is { Length: > 0 } state ? state : null;

    /// <exception cref="UsageException">Somebody else runs on it, or it can't be a folder of ours.</exception>
    public async Task<FolderOwnership> TakeAsync(CancellationToken ct)
    {
        try
        {
            return await FolderOwnership.TryTakeAsync(Path, ct) ?? throw new UsageException(
                $"process {FolderOwnership.OwnerOf(Path)} runs on {Path}: stop it with `insta down --data {Path}`,"
                + " or give another folder and other ports (--data, --grpc-port, --web-port)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{Path} cannot be the data folder: {e.Message} Give another with --data");
        }
    }
}

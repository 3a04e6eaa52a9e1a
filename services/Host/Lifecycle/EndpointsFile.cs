using System.Text.Json;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>
/// Where a run's parts are reached, for programs: endpoints.json in the data folder. PostgreSQL's URLs carry the password, so its mode is
/// 0600.
/// </summary>
internal sealed record EndpointsFile(
    string Grpc, string Web, IReadOnlyList<string> Postgres, IReadOnlyList<string> Memcached, string Kafka, string Otlp)
{
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Whole or not at all: a reader never sees half a file.</summary>
    public void Write(string path)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(unfinished, options)) JsonSerializer.Serialize(file, this, _json);
        File.Move(unfinished, path, overwrite: true);
    }

    /// <summary>Null when there is none.</summary>
    public static EndpointsFile? TryRead(string path) =>
        File.Exists(path) ? JsonSerializer.Deserialize<EndpointsFile>(File.ReadAllBytes(path), _json) : null;
}

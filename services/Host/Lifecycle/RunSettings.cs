using System.Text.Json;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>The settings of a run of <c>insta up</c>, settings.json in its data folder (mode 0600), so that commands find its servers without being
/// told. Keys are full (<c>Insta:Postgres:Directory</c>).</summary>
internal static class RunSettings
{
    private static readonly JsonSerializerOptions _json = new() { WriteIndented = true };

    /// <summary>Whole or not at all.</summary>
    public static void Write(string path, IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(unfinished, options))
        {
            JsonSerializer.Serialize(file, settings.Where(pair => pair.Value is not null).ToDictionary(), _json);
        }
        File.Move(unfinished, path, overwrite: true);
    }

    /// <summary>Empty when there are none.</summary>
    public static IReadOnlyDictionary<string, string?> Read(string path) =>
        File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, string?>>(File.ReadAllBytes(path))! : new Dictionary<string, string?>();
}

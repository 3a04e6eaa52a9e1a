using System.Globalization;
using InstaGrpc.Load.Command;
using InstaGrpc.Load.Mesh;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Load.Tests;

/// <summary>`insta up` with an empty folder, and load runs against it, as whoever calls <c>./insta load</c> has them.</summary>
public sealed class LoadedMesh : IAsyncLifetime
{
    private readonly TestFolder _folder = TestFolder.Create();
    private readonly Lazy<Task<(int Code, string Output, string Report)>> _mixed;
    private InstaProcess? _process;

    public LoadedMesh() => _mixed = new(() => LoadAsync("mixed", ["mixed", "--rate", "30", "--duration", "6", .. Patient]));

    /// <summary>Thresholds for a machine that runs other tests as well.</summary>
    public static string[] Patient { get; } = ["--p99", "30000", "--max-errors", "10"];

    /// <summary>A mixed run of 180 iterations.</summary>
    public Task<(int Code, string Output, string Report)> MixedAsync() => _mixed.Value;

    public string Folder(string name) => Path.Combine(_folder.Path, name);

    public async Task InitializeAsync()
    {
        _process = InstaProcess.Start(null, "up", "--no-demo", "--grpc-port", "0", "--web-port", "0", "--data", Folder("data"));
        await _process.LineAsync("ready in ");
    }

    public async Task DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Where it is.</summary>
    internal MeshEndpoints Endpoints() => MeshEndpoints.Read(Folder("data"));

    /// <summary>With the users and the folders of these tests.</summary>
    public string[] Arguments(string name, params string[] arguments) =>
        [.. arguments, "--users", "60", "--warmup", "1", "--data", Folder("data"), "--report", Folder(name)];

    /// <returns>Its exit code, what it printed, and the folder of its report.</returns>
    public async Task<(int Code, string Output, string Report)> LoadAsync(string name, params string[] arguments)
    {
        await using var output = new StringWriter();
        var code = await LoadCommand.RunAsync(Arguments(name, arguments), output, output, CancellationToken.None);
        return (code, output.ToString(), Folder(name));
    }

    /// <summary>Does something when the load has lasted so many seconds.</summary>
    /// <returns>The same.</returns>
    public async Task<(int Code, string Output, string Report)> LoadAsync(
        string name, int second, Func<Task> then, CancellationToken ct, params string[] arguments)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{second,4} s  ");
        await using var output = new WatchedWriter(line, then);
        var code = await LoadCommand.RunAsync(Arguments(name, arguments), output, output, ct);
        return (code, output.ToString(), Folder(name));
    }
}

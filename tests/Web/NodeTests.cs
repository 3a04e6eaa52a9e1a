using InstaGrpc.TestFixtures;

namespace InstaGrpc.Web.Tests;

/// <summary>Files of tests that Node runs, with the packages that they need.</summary>
public sealed class NodeTests
{
    private readonly string _packages;
    private readonly string _folder;
    private readonly Lazy<Task> _installed;

    /// <param name="packages">The folder of package.json.</param>
    /// <param name="folder">The folder of the tests.</param>
    /// <param name="script">What npm runs once before the first; null: nothing.</param>
    public NodeTests(string packages, string folder, string? script = null)
    {
        (_packages, _folder) = (packages, folder);
        _installed = new(() => InstallAsync(script));
    }

    public TheoryData<string> Files => [.. Directory.EnumerateFiles(_folder, "*.test.mjs").Select(file => Path.GetFileName(file)).Order()];

    /// <summary>Runs a file; what it printed. Fails when a test of it fails, or when it has none.</summary>
    public async Task<string> RunAsync(string file, Dictionary<string, string> variables, TimeSpan limit)
    {
        await _installed.Value;
        var printed = await RunProgramAsync(limit, "node", variables, "--test", "--test-reporter=spec", Path.Combine(_folder, file));
        // Node counts a file without tests as passed.
        Assert.Contains(printed.Split('\n'), line => line.StartsWith("ℹ pass ", StringComparison.Ordinal) && line != "ℹ pass 0");
        return printed;
    }

    private static async Task<string> RunProgramAsync(
        TimeSpan limit, string program, Dictionary<string, string>? variables, params string[] arguments)
    {
        await using var process = InstaProcess.StartProgram(program, variables, arguments);
        var code = await process.ExitAsync(limit);
        var printed = string.Join('\n', process.Output);
        Assert.True(code == 0, printed);
        return printed;
    }

    private async Task InstallAsync(string? script)
    {
        var limit = TimeSpan.FromMinutes(5);
        if (!File.Exists(Path.Combine(_packages, "node_modules", ".package-lock.json")))
        {
            await RunProgramAsync(
                limit, "npm", null, "--prefix", _packages, "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error");
        }
        if (script is not null) await RunProgramAsync(limit, "npm", null, "--prefix", _packages, "run", script);
    }
}

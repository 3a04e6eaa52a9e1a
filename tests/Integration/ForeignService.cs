using System.Globalization;
using System.Net;
using System.Security;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Integration.Tests;

/// <summary>
/// The service of tests/ForeignService as its team has it: built in another place, from packages alone, and started beside a mesh that has
/// never heard of it.
/// </summary>
internal sealed class ForeignService : IAsyncDisposable
{
    private static readonly TimeSpan _buildLimit = TimeSpan.FromMinutes(5);

    private readonly InstaProcess _process;
    private readonly HttpClient _http = new() { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private ForeignService(InstaProcess process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>What its table needs, as its team would run it.</summary>
    public static string Schema => File.ReadAllText(Path.Combine(Checkout.Root, "tests", "ForeignService", "orders.sql"));

    /// <summary>Packs, builds and starts it.</summary>
    /// <param name="folder">An empty folder outside of the checkout.</param>
    /// <param name="variables">Where the mesh's servers are.</param>
    public static async Task<ForeignService> StartAsync(string folder, IReadOnlyDictionary<string, string> variables)
    {
        var packages = Path.Combine(folder, "packages");
        var project = Path.Combine(folder, "orders");
        // Of the projects as this test run has built them.
        await DotnetAsync("pack", Path.Combine(Checkout.Root, "shared", "Packages.proj"), "--no-build", "-c", Configuration, "-o", packages);
        CopySources(Path.Combine(Checkout.Root, "tests", "ForeignService"), project);
        await WriteNuGetConfigAsync(folder, packages);
        await DotnetAsync("build", project, "-c", "Release");

        var settings = new Dictionary<string, string>([.. PatientSettings.Variables, .. variables])
        {
            ["DOTNET_ENVIRONMENT"] = "Development", // what its contracts do not declare is an error then
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        };
        var process = InstaProcess.StartProgram(
            "dotnet", settings, Path.Combine(project, "bin", "Release", "net10.0", "Shop.Orders.dll"), "--contentRoot", project);
        const string listening = "Now listening on: ";
        var line = await process.LineAsync(listening);
        return new ForeignService(process, new Uri(line[(line.IndexOf(listening, StringComparison.Ordinal) + listening.Length)..]));
    }

    /// <summary>Reads that needed no handler: from memcached or from the process's own copies.</summary>
    public async Task<long> HitsAsync(string method)
    {
        var hits = 0L;
        foreach (var line in (await _http.GetStringAsync(new Uri(Address, "/metrics"))).Split('\n'))
        {
            if (line.StartsWith("insta_cache_reads", StringComparison.Ordinal) && line.Contains($"/{method}\"", StringComparison.Ordinal)
                && (line.Contains("level=\"memcached\"", StringComparison.Ordinal) || line.Contains("level=\"l1\"", StringComparison.Ordinal)))
            {
                hits += (long)double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
            }
        }
        return hits;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private static string Configuration =>
        AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";

    private static void CopySources(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(from, file);
            if (name.Split(Path.DirectorySeparatorChar)[0] is "bin" or "obj")
            {
                continue;
            }
            var copy = Path.Combine(to, name);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>
    /// Ours come from the folder that was just packed and from nowhere else, and are unpacked into a folder of this run: an older package of the
    /// same version is never taken for the new one. Theirs are those that this build already has.
    /// </summary>
    private static Task WriteNuGetConfigAsync(string folder, string packages)
    {
        var known = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        return File.WriteAllTextAsync(Path.Combine(folder, "NuGet.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="unpacked" /></config>
              <packageSources>
                <clear />
                <add key="ours" value="{SecurityElement.Escape(packages)}" />
                <add key="theirs" value="{SecurityElement.Escape(known)}" />
              </packageSources>
              <packageSourceMapping>
                <clear />
                <packageSource key="ours"><package pattern="InstaGrpc.*" /></packageSource>
                <packageSource key="theirs"><package pattern="*" /></packageSource>
              </packageSourceMapping>
              <fallbackPackageFolders><clear /></fallbackPackageFolders>
            </configuration>
            """);
    }

    /// <summary>Leaves no build server behind.</summary>
    private static async Task DotnetAsync(params string[] arguments)
    {
        var variables = new Dictionary<string, string> { ["NUGET_PACKAGES"] = "" };
        await using var process = InstaProcess.StartProgram(
            "dotnet", variables, [.. arguments, "--nologo", "-v", "quiet", "-nodeReuse:false", "-p:UseSharedCompilation=false"]);
        var code = await process.ExitAsync(_buildLimit);
        Assert.True(code == 0, $"dotnet {string.Join(' ', arguments)}:\n{string.Join('\n', process.Output)}");
    }
}

using System.Diagnostics;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Chart.Tests;

/// <summary>Programs of the tools' folders, in a home of their own.</summary>
internal static class HelmProgram
{
    public static readonly string Chart = Path.Combine(Checkout.Root, "helm", "insta");

    /// <summary>The Prometheus operator's.</summary>
    public const string Operator = "monitoring.coreos.com/v1";

    /// <summary>What helm assumes where it asks no cluster.</summary>
    public static readonly string[] OldestKubernetes = ["--kube-version", "1.30.0"];

    /// <summary>Runs it to its end.</summary>
    /// <param name="tool">The tool's folder.</param>
    /// <param name="program">In its <c>bin</c>.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="variables">Environment variables.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit code and what it wrote: standard output, and the errors where it failed.</returns>
    public static async Task<(int Code, string Output)> RunAsync(
        string tool, string program, string? input, IReadOnlyDictionary<string, string>? variables, params string[] arguments)
    {
        using var home = TestFolder.Create();
        var start = new ProcessStartInfo(Path.Combine(Checkout.FindTool(tool)!, "bin", program), arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["HOME"] = home.Path;
        foreach (var (name, value) in variables ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, process.ExitCode == 0 ? await output : await output + await errors);
    }

    /// <summary>What the chart makes as the release "release" in the namespace "photos".</summary>
    public static Task<(int Code, string Output)> TemplateAsync(params string[] arguments) =>
        HelmAsync(["template", "release", Chart, "--namespace", "photos", .. OldestKubernetes, .. arguments]);

    public static Task<(int Code, string Output)> HelmAsync(params string[] arguments) => RunAsync("helm", "helm", null, null, arguments);
}

using System.Diagnostics;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Repository.Tests;

/// <summary>The chart, by helm's and kubeconform's own judgement.</summary>
public sealed class ChartTests
{
    private static readonly string _chart = Path.Combine(Checkout.Root, "helm", "insta");

    [ToolFact("helm")]
    public async Task HelmFindsNoFaultInTheChart()
    {
        var (code, output) = await RunAsync("helm", null, "lint", "--strict", _chart);

        Assert.True(code == 0, output);
    }

    [ToolFact("helm")]
    public async Task WhatTheChartMakesIsValidKubernetes()
    {
        var (rendered, manifests) = await RunAsync("helm", null, "template", "release", _chart);
        Assert.True(rendered == 0, manifests);

        var (code, output) = await RunAsync("kubeconform-local", manifests, "-strict", "-summary", "-");

        Assert.True(code == 0, output);
        Assert.Contains("Invalid: 0, Errors: 0", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Valid: 0,", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, string? input, params string[] arguments)
    {
        using var home = TestFolder.Create();
        var start = new ProcessStartInfo(Path.Combine(Checkout.FindTool("helm")!, "bin", program), arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["HOME"] = home.Path;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, input is null && process.ExitCode == 0 ? await output : await output + await errors);
    }
}

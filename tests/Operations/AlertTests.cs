using System.Diagnostics;
using System.Text.RegularExpressions;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>The rules as they are, by Prometheus' own tool, and what is written of them.</summary>
public sealed partial class AlertTests
{
    private static readonly string _rules = Path.Combine(Checkout.Root, "helm", "insta", "alerts", "insta.rules.yaml");
    private static readonly string _cases = Path.Combine(Checkout.Root, "tests", "Operations", "Alerts", "insta.rules.test.yaml");

    [ProgramFact("promtool")]
    public async Task EveryRuleIsSilentWhileAllIsWellFiresAtItsFaultAndIsSilentAfterIt()
    {
        foreach (var arguments in new string[][] { ["check", "rules", _rules], ["test", "rules", _cases] })
        {
            using var promtool = Process.Start(new ProcessStartInfo(ProgramFactAttribute.Find("promtool")!, arguments)
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            var errors = promtool.StandardError.ReadToEndAsync();
            var output = await promtool.StandardOutput.ReadToEndAsync();
            await promtool.WaitForExitAsync();

            Assert.True(promtool.ExitCode == 0, output + await errors);
            Assert.Contains("SUCCESS", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void EveryAlertHasSuchACase() => Assert.Equal(Names(_rules), Tested().Matches(File.ReadAllText(_cases)).Select(One).Distinct().Order());

    [Fact]
    public void TheRunbookHasAnEntryForEveryAlertAndForNothingElse() => Assert.Equal(
        Names(_rules), Heading().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "runbook.md"))).Select(One).Order());

    [Fact]
    public void EveryAlertLeadsToItsEntryInTheRunbook() => Assert.Equal(
        Names(_rules).Select(static name => name.ToLowerInvariant()), Link().Matches(File.ReadAllText(_rules)).Select(One).Order());

    private static IEnumerable<string> Names(string path) => Alert().Matches(File.ReadAllText(path)).Select(One).Order();

    private static string One(Match match) => match.Groups[1].Value;

    [GeneratedRegex("- alert: (\\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex("alertname: (\\w+)")]
    private static partial Regex Tested();

    [GeneratedRegex("^## (Insta\\w+)", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("runbook: docs/runbook.md#(\\w+)")]
    private static partial Regex Link();
}

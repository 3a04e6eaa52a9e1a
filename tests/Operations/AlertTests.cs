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
    public void EveryAlertHasSuchACase()
    {
        var cases = Case().Matches(File.ReadAllText(_cases)).ToLookup(One, static match => match.Groups[2].Value);

        Assert.Equal(Names(_rules), cases.Select(static rule => rule.Key).Order());
        // Silent, firing, silent again: of a rule with several branches, for each of them.
        Assert.All(cases, static rule =>
        {
            Assert.Equal(rule.Count(), rule.Count(Fires) * 3);
            Assert.All(rule.Chunk(3), static one => Assert.Equal([false, true, false], one.Select(Fires)));
        });

        static bool Fires(string expected) => expected.Contains("exp_labels", StringComparison.Ordinal);
    }

    [Fact]
    public void ARuleWithBranchesHasACaseOfEach()
    {
        var cases = Case().Matches(File.ReadAllText(_cases)).Where(static match => match.Groups[2].Value.Contains("exp_labels", StringComparison.Ordinal))
            .CountBy(One).ToDictionary();

        Assert.All(
            Rule().Matches(File.ReadAllText(_rules)),
            rule => Assert.Equal(1 + Branch().Count(rule.Groups[2].Value), cases[rule.Groups[1].Value]));
    }

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

    [GeneratedRegex("alertname: (\\w+)\n( +exp_alerts:.*\n(?: +(?:- )?exp_.*\n?)*)")]
    private static partial Regex Case();

    [GeneratedRegex("- alert: (\\w+)\n(.*?)labels:", RegexOptions.Singleline)]
    private static partial Regex Rule();

    [GeneratedRegex("^ +or ", RegexOptions.Multiline)]
    private static partial Regex Branch();

    [GeneratedRegex("^## (Insta\\w+)", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("runbook: docs/runbook.md#(\\w+)")]
    private static partial Regex Link();
}

using System.Text.RegularExpressions;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Chart.Tests;

public sealed partial class ChartTests
{
    private static readonly string _folder = Path.Combine(Checkout.Root, "tests", "Chart");

    /// <summary>To install it: names of files in <c>values/</c>.</summary>
    internal static readonly string[] Ways = ["default", "trying-out", "production"];

    public static TheoryData<string> Values => [.. Ways];

    [ToolTheory("helm")]
    [MemberData(nameof(Values))]
    public async Task HelmFindsNoFaultInTheChart(string values)
    {
        var (code, output) = await HelmProgram.HelmAsync(["lint", "--strict", HelmProgram.Chart, "-f", FileOf(values), .. HelmProgram.OldestKubernetes]);

        Assert.True(code == 0, output);
    }

    [ToolTheory("helm")]
    [MemberData(nameof(Values))]
    public async Task WhatTheChartMakesIsValidKubernetes(string values)
    {
        var (code, output) = await HelmProgram.RunAsync(
            "helm", "kubeconform-local", await TemplateAsync(values), null, "-strict", "-summary", "-skip", "ServiceMonitor,PrometheusRule", "-");

        Assert.True(code == 0, output);
        Assert.Contains("Invalid: 0, Errors: 0", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Valid: 0,", output, StringComparison.Ordinal);
    }

    [ToolTheory("helm")]
    [MemberData(nameof(Values))]
    public async Task WhatTheChartMakesIsWhatWasReviewed(string values) =>
        Snapshot.Compare(Path.Combine(_folder, "golden", values + ".yaml"), await TemplateAsync(values));

    [ToolTheory("helm")]
    [InlineData("region=A B", "/region")]
    [InlineData("roles.media.replicas=many", "/roles/media/replicas")]
    [InlineData("roles.medai.replicas=2", "medai")]
    [InlineData("memcached.servers={mc}", "/memcached/servers/0")]
    [InlineData("postgres.nodes.N1=x", "N1")]
    [InlineData("ports.grpc=70700", "/ports/grpc")]
    [InlineData("roles.media.terminationGracePeriodSeconds=5", "/roles/media/terminationGracePeriodSeconds")]
    [InlineData("photos.storage=much", "/photos/storage")]
    [InlineData("settings.CACHE=1", "CACHE")]
    [InlineData("replicaCount=3", "replicaCount")]
    public async Task AValueThatCannotBeIsNamed(string set, string named)
    {
        var (code, output) = await HelmProgram.TemplateAsync("--set", set);

        Assert.NotEqual(0, code);
        Assert.Contains(named, output, StringComparison.Ordinal);
    }

    [ToolFact("helm")]
    public async Task KubernetesThatDoesNotKnowTheSleepOfAPreStopIsRefused()
    {
        var (code, output) = await HelmProgram.HelmAsync("template", "release", HelmProgram.Chart, "--kube-version", "1.29.9");

        Assert.NotEqual(0, code);
        Assert.Contains("kubeVersion: >=1.30", output, StringComparison.Ordinal);
    }

    [ToolTheory("helm")]
    [InlineData(false, 0)]
    [InlineData(true, 2)]
    public async Task WhatIsForThePrometheusOperatorIsMadeWhereItsApiIs(bool isThere, int objects)
    {
        string[] api = isThere ? ["--api-versions", HelmProgram.Operator] : [];
        var made = await MadeAsync(["--set", "monitoring.enabled=true", .. api]);

        Assert.Equal(objects, Regex.Count(made, $"^apiVersion: {HelmProgram.Operator}$", RegexOptions.Multiline));
    }

    [ToolTheory("helm")]
    [InlineData("photos.claim=", 2, "release-insta-photos", 2)]
    [InlineData("photos.claim=mine", 2, "mine", 0)]
    [InlineData("photos.bucket=b", 0, "", 0)]
    public async Task MediaAndGatewayHaveTheirPhotosInOnePlace(string set, int mounts, string claim, int boundToOneNode)
    {
        var made = await MadeAsync("--set", set);

        Assert.Equal(Enumerable.Repeat(claim, mounts), Claims().Matches(made).Select(static match => match.Groups[1].Value));
        Assert.Equal(boundToOneNode, Regex.Count(made, "podAffinity:"));
        Assert.Equal(boundToOneNode > 0, made.Contains("kind: PersistentVolumeClaim", StringComparison.Ordinal));
    }

    [ToolTheory("helm")]
    [InlineData(30, "00:00:23")]
    [InlineData(3600, "00:59:53")]
    public async Task AProcessEndsByItselfBeforeItsPodIsKilled(int grace, string limit)
    {
        var made = await MadeAsync("--set", FormattableString.Invariant($"defaults.terminationGracePeriodSeconds={grace}"));

        Assert.Equal(9, Regex.Count(made, FormattableString.Invariant($"terminationGracePeriodSeconds: {grace}\n")));
        Assert.Equal(9, Regex.Count(made, $"- name: INSTA__STOPLIMIT\n +value: \"{limit}\"\n"));
    }

    [ProgramFact("promtool")]
    public async Task TheRulesAreRulesInThePrometheusRuleToo()
    {
        var made = await File.ReadAllTextAsync(Path.Combine(_folder, "golden", "production.yaml"));
        var rule = made.Split("\n---\n").Single(static one => one.Contains("kind: PrometheusRule", StringComparison.Ordinal));
        using var folder = TestFolder.Create();
        var file = Path.Combine(folder.Path, "rules.yaml");
        var spec = rule[(rule.IndexOf("\nspec:\n", StringComparison.Ordinal) + "\nspec:".Length)..];
        await File.WriteAllTextAsync(file, spec.Replace("\n  ", "\n", StringComparison.Ordinal));

        await using var promtool = InstaProcess.StartProgram(ProgramFactAttribute.Find("promtool")!, null, "check", "rules", file);
        var code = await promtool.ExitAsync();

        var output = string.Join('\n', promtool.Output);
        Assert.True(code == 0, output);
        Assert.Matches(@"SUCCESS: [2-9]\d rules found", output);
    }

    [Fact]
    public void TheReadmeTellsEveryValueAsValuesYamlDoes()
    {
        var path = Path.Combine(HelmProgram.Chart, "README.md");
        var readme = File.ReadAllText(path);
        const string begin = "<!-- values -->\n", end = "<!-- end of values -->";
        var (from, to) = (readme.IndexOf(begin, StringComparison.Ordinal) + begin.Length, readme.IndexOf(end, StringComparison.Ordinal));

        Snapshot.Compare(path, readme[..from] + ValuesTable.Of(File.ReadLines(Path.Combine(HelmProgram.Chart, "values.yaml"))) + readme[to..]);
    }

    internal static string FileOf(string values) => Path.Combine(_folder, "values", values + ".yaml");

    private static Task<string> TemplateAsync(string values) => MadeAsync("-f", FileOf(values), "--api-versions", HelmProgram.Operator);

    private static async Task<string> MadeAsync(params string[] arguments)
    {
        var (code, output) = await HelmProgram.TemplateAsync(arguments);
        Assert.True(code == 0, output);
        return output;
    }

    [GeneratedRegex("claimName: (\\S+)")]
    private static partial Regex Claims();
}

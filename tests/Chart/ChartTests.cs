using InstaGrpc.TestFixtures;

namespace InstaGrpc.Chart.Tests;

public sealed class ChartTests
{
    private static readonly string _folder = Path.Combine(Checkout.Root, "tests", "Chart");

    public static TheoryData<string> Values => ["default", "trying-out", "production"];

    [ToolFact("helm")]
    public async Task HelmFindsNoFaultInTheChart()
    {
        var (code, output) = await HelmProgram.HelmAsync("lint", "--strict", HelmProgram.Chart);

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
    [InlineData("settings.CACHE=1", "CACHE")]
    [InlineData("replicaCount=3", "replicaCount")]
    public async Task AValueThatCannotBeIsNamed(string set, string named)
    {
        var (code, output) = await HelmProgram.HelmAsync("template", "release", HelmProgram.Chart, "--set", set);

        Assert.NotEqual(0, code);
        Assert.Contains(named, output, StringComparison.Ordinal);
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

    private static async Task<string> TemplateAsync(string values)
    {
        var (code, output) = await HelmProgram.HelmAsync(
            "template", "release", HelmProgram.Chart, "--namespace", "photos", "-f", Path.Combine(_folder, "values", values + ".yaml"));
        Assert.True(code == 0, output);
        return output;
    }
}

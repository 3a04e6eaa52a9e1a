using System.Diagnostics;
using System.Globalization;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Chart.Tests;

/// <summary>A release's life on a real API server, without nodes: objects are validated and kept, nothing is run.</summary>
public sealed class ReleaseTests
{
    private const string _kinds = "deployments,services,configmaps,hpa,pdb,networkpolicies,statefulsets,secrets";

    [ToolFact("helm", "kube")]
    public async Task AReleaseIsInstalledUpgradedRolledBackAndUninstalled()
    {
        using var folder = TestFolder.Create();
        var port = FreePorts();
        using var kube = Process.Start(new ProcessStartInfo(
            Path.Combine(Checkout.FindTool("kube")!, "bin", "kube-up"), [folder.Path, port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            var line = await kube.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(3));
            Assert.StartsWith("kube ready ", line, StringComparison.Ordinal);
            var variables = new Dictionary<string, string> { ["KUBECONFIG"] = Path.Combine(folder.Path, "kubeconfig") };

            await HelmAsync("install", "r", HelmProgram.Chart, "--no-hooks");
            Assert.Equal("2", await ReplicasAsync("shardmap"));

            await HelmAsync("upgrade", "r", HelmProgram.Chart, "--no-hooks", "--set", "roles.shardmap.replicas=5", "--set", "roles.media.canary.replicas=1");
            Assert.Equal("5", await ReplicasAsync("shardmap"));
            Assert.Equal("1", await ReplicasAsync("media-canary"));

            await HelmAsync("rollback", "r", "1", "--no-hooks");
            Assert.Equal("2", await ReplicasAsync("shardmap"));
            Assert.DoesNotContain("canary", await KubectlAsync("get", "deployments", "-o", "name"), StringComparison.Ordinal);

            await HelmAsync("uninstall", "r", "--no-hooks");
            Assert.Equal("", await KubectlAsync("get", _kinds, "-o", "name", "-l", "app.kubernetes.io/name=insta"));

            // Each way to install it, on a cluster without the Prometheus operator.
            foreach (var name in ChartTests.Ways)
            {
                await HelmAsync("install", name, HelmProgram.Chart, "--no-hooks", "-f", ChartTests.FileOf(name), "--set", "monitoring.enabled=true");
                Assert.NotEqual("", await KubectlAsync("get", "deployments", "-o", "name", "-l", $"app.kubernetes.io/instance={name}"));
                await HelmAsync("uninstall", name, "--no-hooks");
                Assert.Equal("", await KubectlAsync("get", _kinds, "-o", "name", "-l", "app.kubernetes.io/name=insta"));
            }

            async Task HelmAsync(params string[] arguments)
            {
                var (code, output) = await HelmProgram.RunAsync("helm", "helm", null, variables, arguments);
                Assert.True(code == 0, output);
            }

            async Task<string> KubectlAsync(params string[] arguments)
            {
                var (code, output) = await HelmProgram.RunAsync("kube", "kubectl", null, variables, arguments);
                Assert.True(code == 0, output);
                return output.Trim();
            }

            Task<string> ReplicasAsync(string role) => KubectlAsync("get", "deployment", "r-insta-" + role, "-o", "jsonpath={.spec.replicas}");
        }
        finally
        {
            using var stop = Process.Start("kill", ["-s", "TERM", kube.Id.ToString(CultureInfo.InvariantCulture)]);
            await kube.WaitForExitAsync();
        }
    }

    /// <summary>The first of three ports in a row: etcd takes the two behind the API server's.</summary>
    private static int FreePorts()
    {
        while (true)
        {
            var port = LoopbackPort.Free();
            if (port < 65_000 && LoopbackPort.IsFree(port + 1) && LoopbackPort.IsFree(port + 2)) return port;
        }
    }
}

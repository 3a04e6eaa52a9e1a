using System.Diagnostics;
using System.Reflection;

namespace InstaGrpc.StandIns.Tests;

/// <summary>What every project of the repository refers to, by MSBuild's own evaluation, with FullNuGet off and on.</summary>
public sealed class PackageSwitchTests(PackageSwitchTests.Evaluation evaluation) : IClassFixture<PackageSwitchTests.Evaluation>
{
    private static readonly HashSet<string> MissingPackages = ["Grpc.Core.Api", "Grpc.Net.Common", "librdkafka.redist"];
    private static readonly HashSet<string> ServerAndClient = ["Grpc.AspNetCore.Server", "Grpc.Net.Client", "Google.Protobuf"];
    private static readonly HashSet<string> StandInProjects = ["Grpc.Core.Api.csproj", "Grpc.Net.Common.csproj"];

    private readonly ILookup<string, ProjectItem> _standIns = evaluation.Of(fullNuGet: "false");
    private readonly ILookup<string, ProjectItem> _official = evaluation.Of(fullNuGet: "true");

    [Fact]
    public void TheEvaluationSawTheProjects()
    {
        Assert.Contains(_standIns, project => project.Key.EndsWith("InstaGrpc.StandIns.Tests.csproj", StringComparison.Ordinal));
        Assert.Equal(_standIns.Select(project => project.Key), _official.Select(project => project.Key));
    }

    [Fact]
    public void WithoutFullNuGetEveryGrpcProjectHasTheStandInsAndEveryProjectPrunesWhatIsMissing()
    {
        foreach (var project in _standIns)
        {
            Assert.Empty(Names(project, "PackageReference").Intersect(["Grpc.AspNetCore", .. MissingPackages]));
            Assert.Superset(MissingPackages, Names(project, "PrunePackageReference"));
            if (UsesGrpc(project))
            {
                Assert.Superset(ServerAndClient, Names(project, "PackageReference"));
                Assert.Superset(StandInProjects, Names(project, "ProjectReference"));
            }
        }

        Assert.Contains(_standIns, UsesGrpc);
    }

    [Fact]
    public void WithFullNuGetTheOfficialPackagesStandAlone()
    {
        foreach (var project in _official)
        {
            Assert.Empty(Names(project, "PrunePackageReference").Intersect(MissingPackages));
            Assert.True(IsStandIn(project.Key) || !Names(project, "ProjectReference").Overlaps(StandInProjects), project.Key);

            if (UsesGrpc(project))
            {
                Assert.Superset(new HashSet<string> { "Grpc.AspNetCore", "Grpc.Net.Client" }, Names(project, "PackageReference"));
            }
        }

        Assert.Equal(_standIns.Where(UsesGrpc).Select(project => project.Key), _official.Where(UsesGrpc).Select(project => project.Key));
    }

    [Fact]
    public void TheKafkaClientIsTheOneThatFitsItsNativeLibrary()
    {
        Assert.All(KafkaVersions(_standIns), version => Assert.Equal("1.9.3", version));
        Assert.All(KafkaVersions(_official), version => Assert.StartsWith("2.", version, StringComparison.Ordinal));
        Assert.NotEmpty(KafkaVersions(_standIns));
        Assert.NotEmpty(KafkaVersions(_official));
    }

    [Fact]
    public void BothWaysCompileTheSameSourcesButForTheWayToTheSystemsKafkaLibrary()
    {
        foreach (var project in _standIns)
        {
            var sources = Names(project, "Compile");
            sources.RemoveWhere(source => source.EndsWith("/shared/KafkaNative.cs", StringComparison.Ordinal));
            Assert.Equal(sources, Names(_official[project.Key], "Compile"));
        }
    }

    private static bool UsesGrpc(IEnumerable<ProjectItem> project) =>
        project.Any(item => item is { Kind: "PackageReference", Name: "Grpc.Net.Client" });

    private static HashSet<string> Names(IEnumerable<ProjectItem> project, string kind) =>
        [.. project.Where(item => item.Kind == kind).Select(item => item.Name)];

    private static List<string> KafkaVersions(ILookup<string, ProjectItem> projects) =>
    [
        .. projects.SelectMany(project => project)
            .Where(item => item is { Kind: "PackageVersion", Name: "Confluent.Kafka" })
            .Select(item => item.Version),
    ];

    private static bool IsStandIn(string project) => project.Contains("/shared/StandIns/", StringComparison.Ordinal);

    /// <summary>One run of MSBuild over all projects, for all tests of this class.</summary>
    public sealed class Evaluation : IAsyncLifetime
    {
        private static readonly string Root = typeof(PackageSwitchTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

        private List<ProjectItem> _items = [];

        public ILookup<string, ProjectItem> Of(string fullNuGet) =>
            _items.Where(item => item.FullNuGet == fullNuGet).ToLookup(item => item.Project);

        public async Task InitializeAsync() => _items = await EvaluateAsync();

        public Task DisposeAsync() => Task.CompletedTask;

        private static async Task<List<ProjectItem>> EvaluateAsync()
        {
            var list = Path.GetTempFileName();
            try
            {
                var start = new ProcessStartInfo("dotnet")
                {
                    ArgumentList =
                    {
                        "msbuild", Path.Combine(Root, "tests/StandIns/ListReferences.msbuild"), "-nologo", "-v:quiet", "-nodeReuse:false",
                        $"-p:List={list}",
                    },
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                };
                using var process = Process.Start(start)!;
                var said = process.StandardOutput.ReadToEndAsync();
                var failed = process.StandardError.ReadToEndAsync();
                await process.WaitForExitAsync();
                Assert.True(process.ExitCode == 0, await said + await failed);
                return [.. File.ReadLines(list).Select(ProjectItem.Parse)];
            }
            finally
            {
                File.Delete(list);
            }
        }
    }

    public sealed record ProjectItem(string FullNuGet, string Project, string Kind, string Name, string Version)
    {
        public static ProjectItem Parse(string line)
        {
            var parts = line.Split('|');
            return new ProjectItem(parts[0], parts[1], parts[2], parts[3], parts[4]);
        }
    }
}

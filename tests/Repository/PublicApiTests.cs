using System.Reflection;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Repository.Tests;

/// <summary>What teams build on stands in a PublicAPI.txt beside each toolkit project, so that a review sees it change.</summary>
public sealed class PublicApiTests
{
    private static readonly string[] _toolkit = ["Caching", "ChangeLog", "Contracts", "Embedded", "Memcached", "Mesh", "Photos", "Postgres", "Timelines"];

    public static TheoryData<string> Projects => [.. _toolkit];

    [Theory]
    [MemberData(nameof(Projects))]
    public void ThePublicSurfaceIsTheOneThatIsWrittenDown(string project)
    {
        var lines = PublicSurface.Of(Assembly.Load($"InstaGrpc.{project}")).ToArray();
        Assert.NotEmpty(lines);
        Snapshot.Compare(Path.Combine(Checkout.Root, "shared", $"InstaGrpc.{project}", "PublicAPI.txt"), string.Join('\n', lines) + "\n");
    }

    [Fact]
    public void EveryProjectOfTheToolkitIsWrittenDown() => Assert.Equal(
        _toolkit.Order(StringComparer.Ordinal),
        ProductAssemblies.All.Select(assembly => assembly.GetName().Name!.Split('.')).Where(name => name is ["InstaGrpc", _])
            .Select(name => name[1]).Order(StringComparer.Ordinal));

    [Fact]
    public void ThePrintedSurfaceTellsWhatACallerWouldNotice()
    {
        string[] lines = [.. PublicSurface.Of(typeof(PublicApiTests).Assembly)];

        Assert.Contains("InstaGrpc.Repository.Tests.SampleSurface (sealed class) : System.IDisposable", lines);
        Assert.Contains("InstaGrpc.Repository.Tests.SampleSurface.new(int count = 3)", lines);
        Assert.Contains("InstaGrpc.Repository.Tests.SampleSurface.const Limit = 7 -> long", lines);
        Assert.Contains("InstaGrpc.Repository.Tests.SampleSurface.Name { get; init; } -> string?", lines);
        Assert.Contains("InstaGrpc.Repository.Tests.SampleSurface.Dispose() -> void", lines);
        Assert.Contains(
            "InstaGrpc.Repository.Tests.SampleSurface.static Find<T>(System.Collections.Generic.IEnumerable<T> all, out string?[] names,"
            + " params int?[] counts) -> System.Threading.Tasks.Task<string?>",
            lines);
        Assert.DoesNotContain(lines, line => line.Contains("Hidden", StringComparison.Ordinal) || line.Contains("ToString", StringComparison.Ordinal));
    }
}

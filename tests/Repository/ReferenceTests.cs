using System.Xml.Linq;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Repository.Tests;

/// <summary>Who may reference whom.</summary>
public sealed class ReferenceTests
{
    private static readonly string[] _projects =
    [
        .. Directory.GetFiles(Checkout.Root, "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Checkout.Root, path))
            .Where(path => !path.Split('/').Any(part => part is ".insta" or "obj" or "bin" or "node_modules")),
    ];

    [Fact]
    public void OnlyTheHostReferencesServices() =>
        Assert.DoesNotContain(References(), pair => pair.To.StartsWith("services/", StringComparison.Ordinal)
            && !pair.From.StartsWith("services/Host/", StringComparison.Ordinal)
            && !pair.From.StartsWith("tests/", StringComparison.Ordinal)
            && !pair.From.StartsWith("benchmarks/", StringComparison.Ordinal));

    [Fact]
    public void SharedProjectsReferenceNothingOutsideOfShared() =>
        Assert.DoesNotContain(References(), pair => pair.From.StartsWith("shared/", StringComparison.Ordinal)
            && !pair.To.StartsWith("shared/", StringComparison.Ordinal));

    [Fact]
    public void EveryProjectIsInTheSolution()
    {
        var solution = File.ReadAllText(Path.Combine(Checkout.Root, "InstaGrpc.sln")).Replace('\\', '/');

        Assert.DoesNotContain(
            _projects, project => !solution.Contains(project, StringComparison.Ordinal) && !project.Contains("ForeignService", StringComparison.Ordinal));
    }

    [Fact]
    public void EveryFolderWithAProjectSaysWhatLivesInIt() => Assert.DoesNotContain(
        _projects, project => !File.Exists(Path.Combine(Checkout.Root, Path.GetDirectoryName(project)!, "README.md")));

    private static IEnumerable<(string From, string To)> References() =>
        from project in _projects
        from reference in XDocument.Load(Path.Combine(Checkout.Root, project)).Descendants("ProjectReference")
        let include = reference.Attribute("Include")?.Value.Replace("$(MSBuildThisFileDirectory)", "", StringComparison.Ordinal)
        where include is not null
        select (project, Path.GetRelativePath(Checkout.Root, Path.GetFullPath(Path.Combine(Checkout.Root, Path.GetDirectoryName(project)!, include))));
}

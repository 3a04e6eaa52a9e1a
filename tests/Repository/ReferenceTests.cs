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
        Assert.Empty(References().Where(pair => pair.To.StartsWith("services/", StringComparison.Ordinal)
            && !pair.From.StartsWith("services/Host/", StringComparison.Ordinal)
            && !pair.From.StartsWith("tests/", StringComparison.Ordinal)
            && !pair.From.StartsWith("benchmarks/", StringComparison.Ordinal)));

    [Fact]
    public void SharedProjectsReferenceNothingOutsideOfShared() =>
        Assert.Empty(References().Where(pair => pair.From.StartsWith("shared/", StringComparison.Ordinal)
            && !pair.To.StartsWith("shared/", StringComparison.Ordinal)));

    [Fact]
    public void EveryProjectIsInTheSolution()
    {
        var solution = File.ReadAllText(Path.Combine(Checkout.Root, "InstaGrpc.sln")).Replace('\\', '/');

        Assert.Empty(_projects.Where(project => !solution.Contains(project, StringComparison.Ordinal) && !project.Contains("ForeignService")));
    }

    [Fact]
    public void EveryFolderWithAProjectSaysWhatLivesInIt() => Assert.Empty(
        _projects.Select(project => Path.GetDirectoryName(project)!).Where(folder => !File.Exists(Path.Combine(Checkout.Root, folder, "README.md"))));

    private static IEnumerable<(string From, string To)> References() =>
        from project in _projects
        from reference in XDocument.Load(Path.Combine(Checkout.Root, project)).Descendants("ProjectReference")
        let include = reference.Attribute("Include")?.Value.Replace("$(MSBuildThisFileDirectory)", "", StringComparison.Ordinal)
        where include is not null
        select (project, Path.GetRelativePath(Checkout.Root, Path.GetFullPath(Path.Combine(Checkout.Root, Path.GetDirectoryName(project)!, include))));
}

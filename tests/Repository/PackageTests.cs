using System.Text.RegularExpressions;
using System.Xml.Linq;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Repository.Tests;

/// <summary>Each package is there for a reason: it is referenced, and THIRD-PARTY.md says under which licence and what for.</summary>
public sealed partial class PackageTests
{
    // The official packages of -p:FullNuGet=true, in the place of which the stand-ins are.
    private static readonly string[] _official = ["Grpc.Core.Api", "Grpc.Net.Common"];

    public static TheoryData<string> Pinned => [.. XDocument.Load(Path.Combine(Checkout.Root, "Directory.Packages.props"))
        .Descendants("PackageVersion").Select(static package => (string)package.Attribute("Include")!)];

    [Theory]
    [MemberData(nameof(Pinned))]
    public void APinnedPackageIsReferencedAndAccountedFor(string package)
    {
        if (!_official.Contains(package))
        {
            Assert.Contains(package, Referenced());
        }

        var accounted = Word().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "THIRD-PARTY.md"))).Select(static word => word.Value);
        Assert.Contains(accounted, word => package == word || package.StartsWith(word + ".", StringComparison.Ordinal));
    }

    private static HashSet<string> Referenced() => [.. new[] { "services", "shared", "tests", "benchmarks" }
        .SelectMany(static folder => Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), "*.csproj", SearchOption.AllDirectories))
        .Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "shared"), "*.props"))
        .SelectMany(static file => XDocument.Load(file).Descendants("PackageReference"))
        .SelectMany(static reference => ((string?)reference.Attribute("Include") ?? "").Split(';'))];

    [GeneratedRegex(@"[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9]")]
    private static partial Regex Word();
}

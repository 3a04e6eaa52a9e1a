using System.Reflection;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Repository.Tests;

/// <summary>What is built of shared/ and services/.</summary>
internal static class ProductAssemblies
{
    /// <summary>In the order of their names, without the stand-ins, which are others' API.</summary>
    public static IReadOnlyList<Assembly> All { get; } =
    [
        .. Projects("shared").Concat(Projects("services"))
            .Select(name => name == "InstaGrpc.Host" ? "insta" : name).Order(StringComparer.Ordinal).Select(Assembly.Load),
    ];

    private static IEnumerable<string> Projects(string folder) =>
        from project in Directory.EnumerateDirectories(Path.Combine(Checkout.Root, folder)).SelectMany(path => Directory.EnumerateFiles(path, "*.csproj"))
        select Path.GetFileNameWithoutExtension(project);
}

namespace InstaGrpc.TestFixtures;

/// <summary>The source tree that the tests were built from.</summary>
public static class Checkout
{
    /// <summary>The folder that holds InstaGrpc.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary><c>.insta</c>: what runs and tests keep between them; not in version control.</summary>
    public static string StateFolder { get; } = Path.Combine(Root, ".insta");

    /// <summary>The folder of an unpacked tool (kafka, jaeger, grpcurl, …) or null when there is none.</summary>
    /// <exception cref="InvalidOperationException">INSTA_TOOLS is set but lacks the tool: then its absence is a failure, not a
    /// skip.</exception>
    public static string? FindTool(string name)
    {
        if (Environment.GetEnvironmentVariable("INSTA_TOOLS") is { Length: > 0 } tools)
        {
            var wanted = Path.Combine(tools, name);
            return Directory.Exists(wanted) ? wanted : throw new InvalidOperationException($"INSTA_TOOLS ({tools}) holds no {name}");
        }
        var unpacked = Path.Combine(StateFolder, "tools", name);
        return Directory.Exists(unpacked) ? unpacked : null;
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "InstaGrpc.sln"))) return folder;
        }
        throw new InvalidOperationException($"no InstaGrpc.sln above {AppContext.BaseDirectory}");
    }
}

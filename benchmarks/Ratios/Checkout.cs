namespace InstaGrpc.Ratios;

/// <summary>The source tree that this was built from.</summary>
internal static class Checkout
{
    /// <summary>The folder that holds InstaGrpc.sln.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "InstaGrpc.sln")) ? folder
        : Path.GetDirectoryName(folder) is { } parent ? Find(parent)
        : throw new InvalidOperationException($"no InstaGrpc.sln above {AppContext.BaseDirectory}");
}

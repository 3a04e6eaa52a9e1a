namespace InstaGrpc.Photos.Internal.Decoding;

/// <summary>Which libvips is used.</summary>
internal static class LibvipsPath
{
    private const string Variable = "INSTA_LIBVIPS";
    private const string System = "libvips.so.42";

    /// <summary>The one that is configured; else npm's, in the folder that ./insta names; else the system's.</summary>
    public static string Find(PhotoOptions options)
    {
        if (!string.IsNullOrEmpty(options.Libvips))
        {
            return options.Libvips;
        }

        var folder = Environment.GetEnvironmentVariable(Variable);
        return string.IsNullOrEmpty(folder) || !Directory.Exists(folder)
            ? System
            : Directory.EnumerateFiles(folder, "libvips-cpp.so.*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).LastOrDefault() ?? System;
    }
}

namespace InstaGrpc.Chart.Tests;

/// <summary>Files that a review sees change when what is installed changes.</summary>
internal static class Snapshot
{
    /// <summary><c>INSTA_UPDATE_SNAPSHOTS=1 dotnet test tests/Chart</c> writes them anew.</summary>
    public static void Compare(string path, string expected)
    {
        if (Environment.GetEnvironmentVariable("INSTA_UPDATE_SNAPSHOTS") is { Length: > 0 }) File.WriteAllText(path, expected);
        Assert.Equal(expected, File.Exists(path) ? File.ReadAllText(path) : "");
    }
}

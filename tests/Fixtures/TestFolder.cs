using System.Diagnostics;
using System.Globalization;

namespace InstaGrpc.TestFixtures;

/// <summary>A folder for one run's servers, in the system's place for temporary files, where PostgreSQL's account can reach it.</summary>
public sealed class TestFolder : IDisposable
{
    private const string _stem = "insta-test-";

    private TestFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>Makes one, and removes those of runs that were killed.</summary>
    public static TestFolder Create()
    {
        foreach (var old in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), _stem + "*"))
        {
            if (IsLeftover(old)) TryDelete(old);
        }
        var name = string.Create(CultureInfo.InvariantCulture, $"{_stem}{Environment.ProcessId}-{Guid.NewGuid():N}");
        var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), name);
        Directory.CreateDirectory(path);
        return new TestFolder(path);
    }

    public void Dispose() => TryDelete(Path);

    private static bool IsLeftover(string folder)
    {
        var pid = System.IO.Path.GetFileName(folder)[_stem.Length..].Split('-')[0];
        try
        {
            using var owner = Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture));
            return owner.StartTime > Directory.GetCreationTime(folder).AddSeconds(1); // the id is another's by now
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            return true;
        }
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A server of it is still ending, or another run removes it at the same time: the next run tries again.
        }
    }
}

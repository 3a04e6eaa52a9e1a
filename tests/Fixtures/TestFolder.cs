using System.Diagnostics;
using System.Globalization;

namespace InstaGrpc.TestFixtures;

/// <summary>A folder for one run's servers, in the system's place for temporary files, where PostgreSQL's account can reach it.</summary>
public sealed class TestFolder : IDisposable
{
    private const string _stem = "insta-test-";

    private Stream? _pipe;

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

    /// <summary>
    /// Has the folder deleted when this process has ended, however it did: test hosts end their process without asking. A shell of its own
    /// session waits for the end of a pipe that only we hold, and gives servers that the kernel stops with us a moment to finish.
    /// </summary>
    public void DeleteAfterExit()
    {
        const string wait = "cat >/dev/null; for i in 1 2 3 4 5 6 7 8 9; do rm -rf -- \"$1\" 2>/dev/null && exit; sleep 1; done";
        var start = new ProcessStartInfo("setsid", ["--fork", "sh", "-c", wait, "sh", Path]) { RedirectStandardInput = true };
        var forked = Process.Start(start)!; // not disposed: that would close the pipe
        // The pipe stays open with the handle: it lives as long as the process.
        _pipe = forked.StandardInput.BaseStream;
        forked.WaitForExit();
    }

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

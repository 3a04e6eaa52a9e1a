namespace InstaGrpc.Embedded.Internal;

/// <summary>An exclusive lock between processes, held on a file; the kernel frees it when its holder dies.</summary>
internal static class FileLock
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until the lock is ours; dispose to free it.</summary>
    public static async Task<IDisposable> AcquireAsync(string path, CancellationToken ct)
    {
        while (true)
        {
            if (TryAcquire(path) is { } held) return held;
            await Task.Delay(_poll, ct).ConfigureAwait(false);
        }
    }

    /// <summary>The open file, which is the lock, or null when another process holds it.</summary>
    public static FileStream? TryAcquire(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
    }
}

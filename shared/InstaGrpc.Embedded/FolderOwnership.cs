using InstaGrpc.Embedded.Internal;

namespace InstaGrpc.Embedded;

/// <summary>
/// Says that this process owns a folder and the servers in it, so that what stands there is another's leftover. The kernel ends the
/// ownership when the process dies.
/// </summary>
public sealed class FolderOwnership : IDisposable
{
    private readonly FileStream _file;

    private FolderOwnership(FileStream file) => _file = file;

    /// <summary>Takes the folder, making it when absent; null when another living process owns it.</summary>
    public static FolderOwnership? TryTake(string folder)
    {
        Directory.CreateDirectory(folder);
        return FileLock.TryAcquire(LockFile(folder)) is { } file ? new FolderOwnership(file) : null;
    }

    /// <summary>Whether a living process owns the folder.</summary>
    public static bool IsTaken(string folder)
    {
        if (!File.Exists(LockFile(folder))) return false;
        using var file = FileLock.TryAcquire(LockFile(folder));
        return file is null;
    }

    public void Dispose() => _file.Dispose();

    private static string LockFile(string folder) => Path.Combine(folder, "owner.lock");
}

using InstaGrpc.Embedded.Internal;

namespace InstaGrpc.Embedded;

/// <summary>
/// Says that this process owns a folder and the servers in it, so that what stands there is another's leftover. The kernel ends the
/// ownership when the process dies.
/// </summary>
public sealed class FolderOwnership : IDisposable
{
    private static readonly TimeSpan _dying = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(10);

    private readonly FileStream _file;

    private FolderOwnership(FileStream file) => _file = file;

    /// <summary>Takes the folder, making it when absent; null when another living process owns it.</summary>
    public static async Task<FolderOwnership?> TryTakeAsync(string folder, CancellationToken ct = default)
    {
        Directory.CreateDirectory(folder);
        // A lock whose owner is dead is free in a moment: the kernel calls a process a zombie as soon as its first thread is gone, and closes its
        // files with the last one. Nor is the lock taken for good where somebody only asks for the owner.
        var until = Environment.TickCount64 + (long)_dying.TotalMilliseconds;
        FileStream? file;
        while ((file = FileLock.TryAcquire(LockFile(folder))) is null)
        {
            if (RecordedOwner(folder) is { IsAlive: true } || Environment.TickCount64 > until) return null;
            await Task.Delay(_poll, ct).ConfigureAwait(false);
        }
        await File.WriteAllTextAsync(PidFile(folder), ProcessIdentity.Of(Environment.ProcessId)?.ToString(), ct).ConfigureAwait(false);
        return new FolderOwnership(file);
    }

    /// <summary>The process that owns the folder; null when none does, or it has only just begun to.</summary>
    public static int? OwnerOf(string folder) => Owner(folder)?.Pid;

    /// <summary>Whether somebody has ever owned the folder: then it is one of ours.</summary>
    public static bool WasOwned(string folder) => File.Exists(LockFile(folder));

    /// <summary>
    /// Asks the owner to stop (SIGTERM) and, after the limit, makes it (SIGKILL); false when no living process owns the folder.
    /// </summary>
    /// <exception cref="EmbeddedServerException">It is another account's.</exception>
    public static async Task<bool> StopOwnerAsync(string folder, TimeSpan limit, CancellationToken ct = default)
    {
        if (Owner(folder) is not { } owner) return false;
        var second = TimeSpan.FromSeconds(2);
        if (!await LeftoverProcess.StopAsync(owner, ct, (Signal.Terminate, limit), (Signal.Kill, second)).ConfigureAwait(false))
        {
            throw new EmbeddedServerException($"process {owner.Pid}, which owns {folder}, does not stop: is it another account's?");
        }
        return true;
    }

    public void Dispose() => _file.Dispose();

    private static ProcessIdentity? Owner(string folder)
    {
        if (!File.Exists(LockFile(folder))) return null;
        using (var free = FileLock.TryAcquire(LockFile(folder)))
        {
            if (free is not null) return null;
        }
        return RecordedOwner(folder) is { IsAlive: true } owner ? owner : null;
    }

    // A file of its own: opening the locked one, even for reading, would want a share of the lock.
    private static ProcessIdentity? RecordedOwner(string folder) =>
        File.Exists(PidFile(folder)) ? ProcessIdentity.Parse(File.ReadAllText(PidFile(folder))) : null;

    private static string LockFile(string folder) => Path.Combine(folder, "owner.lock");

    private static string PidFile(string folder) => Path.Combine(folder, "owner.pid");
}

namespace InstaGrpc.Photos;

/// <summary>The folder of files on their way into the store: uploads that are being received and checked, variants that are being written. A file that
/// nobody has written to for an hour belongs to a process that was killed, and goes.</summary>
public sealed class PhotoSpool
{
    private static readonly TimeSpan _forgotten = TimeSpan.FromHours(1);

    private readonly string _folder;
    private readonly TimeProvider _time;

    /// <summary>Makes the folder when it is first needed.</summary>
    public PhotoSpool(PhotoOptions options, TimeProvider time) => (_folder, _time) = (Path.GetFullPath(Path.Combine(options.Folder, "uploads")), time);

    /// <summary>A path that nothing stands at.</summary>
    public string NewFile()
    {
        Directory.CreateDirectory(_folder);
        return Path.Combine(_folder, Guid.NewGuid().ToString("N"));
    }

    /// <summary>Deletes what was forgotten.</summary>
    public void Sweep()
    {
        if (!Directory.Exists(_folder))
        {
            return;
        }

        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles())
        {
            if (_time.GetUtcNow().UtcDateTime - file.LastWriteTimeUtc > _forgotten)
            {
                file.Delete();
            }
        }
    }
}

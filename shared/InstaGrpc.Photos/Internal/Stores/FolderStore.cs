using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace InstaGrpc.Photos.Internal.Stores;

/// <summary>Objects as files. A file is written beside them and renamed: a name is there with all of its bytes or not at all, also after a power cut,
/// because bytes and folder are flushed first.</summary>
internal sealed partial class FolderStore(string root, PhotoMetrics metrics) : IBlobStore
{
    private const string Variants = "variants";

    public async ValueTask PutAsync(string name, string file, string contentType, CancellationToken cancellation)
    {
        metrics.StoreOperation("put");
        var path = PathOf(name);
        if (File.Exists(path))
        {
            return;
        }

        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            Flush(Path.GetDirectoryName(folder)!);
        }

        await Task.Run(
            () =>
            {
                using (var bytes = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite))
                {
                    RandomAccess.FlushToDisk(bytes);
                }

                // Of two who store the same at once the second replaces the first's: the bytes are the same.
                File.Move(file, path, overwrite: true);
                Flush(folder);
            },
            cancellation).ConfigureAwait(false);
    }

    public ValueTask<BlobContent?> OpenAsync(string name, long offset, CancellationToken cancellation)
    {
        metrics.StoreOperation("open");
        var path = PathOf(name);
        try
        {
            var options = new FileStreamOptions { Options = FileOptions.Asynchronous, BufferSize = 0, Share = FileShare.Read | FileShare.Delete };
            var bytes = new FileStream(path, options);
            bytes.Position = Math.Min(offset, bytes.Length);
            return ValueTask.FromResult<BlobContent?>(new BlobContent(bytes, bytes.Length, path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return ValueTask.FromResult<BlobContent?>(null);
        }
    }

    public ValueTask<long?> LengthAsync(string name, CancellationToken cancellation)
    {
        metrics.StoreOperation("length");
        var file = new FileInfo(PathOf(name));
        return ValueTask.FromResult<long?>(file.Exists ? file.Length : null);
    }

    public ValueTask<bool> CopyAsync(string from, string to, CancellationToken cancellation)
    {
        metrics.StoreOperation("copy");
        var (source, target) = (PathOf(from), PathOf(to));
        if (!File.Exists(target))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            // Beside it, so that the name never stands for a part.
            var beside = $"{target}.{Guid.NewGuid():N}";
            try
            {
                File.Copy(source, beside);
                using (var bytes = File.OpenHandle(beside, FileMode.Open, FileAccess.ReadWrite))
                {
                    RandomAccess.FlushToDisk(bytes);
                }

                File.Move(beside, target, overwrite: true);
                Flush(Path.GetDirectoryName(target)!);
            }
            catch (FileNotFoundException)
            {
                return ValueTask.FromResult(false);
            }
        }

        return ValueTask.FromResult(true);
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellation)
    {
        metrics.StoreOperation("delete");
        try
        {
            File.Delete(PathOf(name));
        }
        catch (DirectoryNotFoundException)
        {
            // It never was there.
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAllAsync(string prefix, CancellationToken cancellation)
    {
        metrics.StoreOperation("delete");
        var path = PathOf(prefix);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask TrimVariantsAsync(long bytes, CancellationToken cancellation)
    {
        var folder = new DirectoryInfo(Path.Combine(root, Variants));
        if (!folder.Exists)
        {
            return ValueTask.CompletedTask;
        }

        var files = folder.EnumerateFiles("*", SearchOption.AllDirectories).ToList();
        var kept = files.Sum(static file => file.Length);
        foreach (var file in files.OrderBy(static file => file.LastWriteTimeUtc).TakeWhile(_ => kept > bytes))
        {
            cancellation.ThrowIfCancellationRequested();
            kept -= file.Length;
            file.Delete();
        }

        return ValueTask.CompletedTask;
    }

    private string PathOf(string name) => Path.Combine(root, name);

    /// <summary>A name is lost in a power cut unless its folder was flushed, which .NET has no call for.</summary>
    private static void Flush(string folder)
    {
        using var handle = Open(folder, 0, 0); // O_RDONLY
        if (!handle.IsInvalid && Sync(handle) != 0)
        {
            throw new IOException($"fsync of {folder} failed with errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle handle);
}

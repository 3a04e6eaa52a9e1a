namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>A photo in memory that is being changed, and the changes: what is decoded afterwards is what will be stored.</summary>
internal sealed unsafe class PhotoPatches(byte* file, int length)
{
    /// <summary>Bytes that the changes of one photo may have. Places are a few hundred bytes; who needs more means the memory of whoever asks.</summary>
    public const int Most = 1024 * 1024;

    private readonly List<PhotoPatch> _all = [];
    private int _bytes;

    public IReadOnlyList<PhotoPatch> All => _all;

    public ReadOnlySpan<byte> File => new(file, length);

    /// <summary>Puts one byte in place of so many.</summary>
    public void Fill(int offset, int count, byte with)
    {
        Room(count);
        var bytes = new byte[count];
        bytes.AsSpan().Fill(with);
        Put(offset, bytes);
    }

    /// <summary>Puts bytes in place of as many.</summary>
    public void Replace(int offset, byte[] with)
    {
        Room(with.Length);
        Put(offset, with);
    }

    private void Put(int offset, byte[] bytes)
    {
        bytes.CopyTo(new Span<byte>(file, length).Slice(offset, bytes.Length));
        _all.Add(new PhotoPatch(offset, bytes));
    }

    private void Room(int count)
    {
        // With what a change needs beside its bytes, on its way to whoever asked.
        _bytes += count + 8;
        if (_bytes > Most)
        {
            throw new PhotoRefusedException("tells where it was taken in more places than a photo has");
        }
    }
}

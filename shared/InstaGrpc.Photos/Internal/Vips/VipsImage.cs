namespace InstaGrpc.Photos.Internal.Vips;

/// <summary>An image of libvips, owned.</summary>
internal sealed unsafe class VipsImage(VipsLibrary vips, nint handle) : IDisposable
{
    // VipsInterpretation in the order of its header.
    private const int BlackAndWhite = 1;
    private const int Srgb = 22;

    private nint _handle = handle;

    public nint Handle => _handle;

    public int Width => vips.Width(_handle);

    public int Height => vips.Height(_handle);

    public int Bands => vips.Bands(_handle);

    /// <summary>Whether it is shown lying on its side: width and height change places.</summary>
    public bool IsSideways => vips.OrientationSwaps(_handle) != 0;

    public bool IsForScreens => vips.Interpretation(_handle) is BlackAndWhite or Srgb;

    /// <summary>Computed to the end, in memory: what comes after reads it without decoding again.</summary>
    public VipsImage InMemory()
    {
        var copy = vips.CopyMemory(_handle);
        return copy == 0 ? throw new VipsException(vips.TakeError()) : new VipsImage(vips, copy);
    }

    /// <summary>Its pixels, row by row, one byte a band.</summary>
    public byte[] Pixels()
    {
        nuint length;
        var bytes = vips.WriteToMemory(_handle, &length);
        if (bytes is null)
        {
            throw new VipsException(vips.TakeError());
        }

        var pixels = new ReadOnlySpan<byte>(bytes, checked((int)length)).ToArray();
        vips.Free((nint)bytes);
        return pixels;
    }

    public void Dispose()
    {
        if (_handle != 0)
        {
            vips.Unref(_handle);
            _handle = 0;
        }
    }
}

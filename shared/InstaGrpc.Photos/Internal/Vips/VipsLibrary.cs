using System.Runtime.InteropServices;

namespace InstaGrpc.Photos.Internal.Vips;

/// <summary>
/// The functions of libvips and GObject that are called, by address: from npm's build, one library that holds both, or from Debian's two. None of them is
/// variadic: libvips' own C calls are, and .NET can't call those. An operation is made by name, its arguments are set as properties, and it is built.
/// </summary>
internal sealed unsafe class VipsLibrary
{
    private const string DebianObjects = "libgobject-2.0.so.0";

    public readonly delegate* unmanaged<byte*, nint> OperationNew;
    public readonly delegate* unmanaged<nint, nint> Build;
    public readonly delegate* unmanaged<nint, void> UnrefOutputs;
    public readonly delegate* unmanaged<nint, byte*, byte*, int> SetFromText;
    public readonly delegate* unmanaged<nint, byte*, GValue*, void> SetProperty;
    public readonly delegate* unmanaged<nint, byte*, GValue*, void> GetProperty;
    public readonly delegate* unmanaged<nint, void> Unref;
    public readonly delegate* unmanaged<nint, nint> Ref;
    public readonly delegate* unmanaged<GValue*, nuint, GValue*> ValueInit;
    public readonly delegate* unmanaged<GValue*, void> ValueUnset;
    public readonly delegate* unmanaged<GValue*, nint, void> ValueSetBoxed;
    public readonly delegate* unmanaged<GValue*, nint, void> ValueSetObject;
    public readonly delegate* unmanaged<GValue*, nint> ValueGetBoxed;
    public readonly delegate* unmanaged<GValue*, nint> ValueGetObject;
    public readonly delegate* unmanaged<nint, byte*, nuint, nint> BlobNew;
    public readonly delegate* unmanaged<nint, nuint*, byte*> BlobGet;
    public readonly delegate* unmanaged<nint, void> AreaUnref;
    public readonly delegate* unmanaged<nint, int> Width;
    public readonly delegate* unmanaged<nint, int> Height;
    public readonly delegate* unmanaged<nint, int> Bands;
    public readonly delegate* unmanaged<nint, int> Interpretation;
    public readonly delegate* unmanaged<nint, int> OrientationSwaps;
    public readonly delegate* unmanaged<nint, nint> CopyMemory;
    public readonly delegate* unmanaged<nint, nuint*, byte*> WriteToMemory;
    public readonly delegate* unmanaged<byte*> ErrorText;
    public readonly delegate* unmanaged<void> ErrorClear;
    public readonly delegate* unmanaged<nint, void> Free;
    public readonly nuint BlobType;
    public readonly nuint ImageType;

    private readonly delegate* unmanaged<byte*, int, void> _block;

    private VipsLibrary(nint vips, nint objects)
    {
        OperationNew = (delegate* unmanaged<byte*, nint>)Export(vips, "vips_operation_new");
        Build = (delegate* unmanaged<nint, nint>)Export(vips, "vips_cache_operation_build");
        UnrefOutputs = (delegate* unmanaged<nint, void>)Export(vips, "vips_object_unref_outputs");
        SetFromText = (delegate* unmanaged<nint, byte*, byte*, int>)Export(vips, "vips_object_set_argument_from_string");
        SetProperty = (delegate* unmanaged<nint, byte*, GValue*, void>)Export(objects, "g_object_set_property");
        GetProperty = (delegate* unmanaged<nint, byte*, GValue*, void>)Export(objects, "g_object_get_property");
        Unref = (delegate* unmanaged<nint, void>)Export(objects, "g_object_unref");
        Ref = (delegate* unmanaged<nint, nint>)Export(objects, "g_object_ref");
        ValueInit = (delegate* unmanaged<GValue*, nuint, GValue*>)Export(objects, "g_value_init");
        ValueUnset = (delegate* unmanaged<GValue*, void>)Export(objects, "g_value_unset");
        ValueSetBoxed = (delegate* unmanaged<GValue*, nint, void>)Export(objects, "g_value_set_boxed");
        ValueSetObject = (delegate* unmanaged<GValue*, nint, void>)Export(objects, "g_value_set_object");
        ValueGetBoxed = (delegate* unmanaged<GValue*, nint>)Export(objects, "g_value_get_boxed");
        ValueGetObject = (delegate* unmanaged<GValue*, nint>)Export(objects, "g_value_get_object");
        BlobNew = (delegate* unmanaged<nint, byte*, nuint, nint>)Export(vips, "vips_blob_new");
        BlobGet = (delegate* unmanaged<nint, nuint*, byte*>)Export(vips, "vips_blob_get");
        AreaUnref = (delegate* unmanaged<nint, void>)Export(vips, "vips_area_unref");
        Width = (delegate* unmanaged<nint, int>)Export(vips, "vips_image_get_width");
        Height = (delegate* unmanaged<nint, int>)Export(vips, "vips_image_get_height");
        Bands = (delegate* unmanaged<nint, int>)Export(vips, "vips_image_get_bands");
        Interpretation = (delegate* unmanaged<nint, int>)Export(vips, "vips_image_get_interpretation");
        OrientationSwaps = (delegate* unmanaged<nint, int>)Export(vips, "vips_image_get_orientation_swap");
        CopyMemory = (delegate* unmanaged<nint, nint>)Export(vips, "vips_image_copy_memory");
        WriteToMemory = (delegate* unmanaged<nint, nuint*, byte*>)Export(vips, "vips_image_write_to_memory");
        ErrorText = (delegate* unmanaged<byte*>)Export(vips, "vips_error_buffer");
        ErrorClear = (delegate* unmanaged<void>)Export(vips, "vips_error_clear");
        Free = (delegate* unmanaged<nint, void>)Export(objects, "g_free");
        _block = (delegate* unmanaged<byte*, int, void>)Export(vips, "vips_operation_block_set");

        fixed (byte* name = "insta\0"u8)
        {
            if (((delegate* unmanaged<byte*, int>)Export(vips, "vips_init"))(name) != 0)
            {
                throw new VipsException(TakeError());
            }
        }

        // Nothing is worth keeping from one photo to the next, and with as many processes as cores one thread each is quickest.
        ((delegate* unmanaged<int, void>)Export(vips, "vips_cache_set_max"))(0);
        ((delegate* unmanaged<int, void>)Export(vips, "vips_concurrency_set"))(1);
        Version = string.Join(
            '.', Enumerable.Range(0, 3).Select(part => ((delegate* unmanaged<int, int>)Export(vips, "vips_version"))(part)));
        BlockLoaders();
        fixed (byte* blob = "VipsBlob\0"u8, image = "VipsImage\0"u8)
        {
            var byName = (delegate* unmanaged<byte*, nuint>)Export(objects, "g_type_from_name");
            (BlobType, ImageType) = (byName(blob), byName(image));
        }
    }

    /// <summary>As "8.18.7".</summary>
    public string Version { get; }

    /// <param name="path">A file, or a name that the system's linker finds.</param>
    /// <exception cref="DllNotFoundException">There is none.</exception>
    public static VipsLibrary Load(string path)
    {
        var vips = NativeLibrary.Load(path);
        var objects = NativeLibrary.TryGetExport(vips, "g_object_set_property", out _) ? vips : NativeLibrary.Load(DebianObjects);
        return new VipsLibrary(vips, objects);
    }

    /// <summary>What libvips has noted since the last time, on one line.</summary>
    public string TakeError()
    {
        var text = Marshal.PtrToStringUTF8((nint)ErrorText()) ?? "";
        ErrorClear();
        return text.Trim().ReplaceLineEndings("; ");
    }

    /// <summary>libvips reads some forty formats; a decoder that can't be called can't be attacked.</summary>
    private void BlockLoaders()
    {
        Block("VipsForeignLoad\0"u8, 1);
        Block("VipsForeignLoadJpeg\0"u8, 0);
        Block("VipsForeignLoadPng\0"u8, 0);
        Block("VipsForeignLoadWebp\0"u8, 0);
        Block("VipsForeignLoadHeif\0"u8, 0);
    }

    private void Block(ReadOnlySpan<byte> operation, int blocked)
    {
        fixed (byte* name = operation)
        {
            _block(name, blocked);
        }
    }

    private static void* Export(nint library, string name) => (void*)NativeLibrary.GetExport(library, name);

    /// <summary>GLib's GValue: 24 bytes, zeroed before use.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct GValue
    {
        public nuint Type;
        public ulong First;
        public ulong Second;
    }
}

using System.Globalization;
using System.Text;

namespace InstaGrpc.Photos.Internal.Vips;

/// <summary>One operation of libvips: made by name, its arguments set, run, its outputs taken.</summary>
internal sealed unsafe class VipsOperation : IDisposable
{
    private readonly VipsLibrary _vips;
    private nint _handle;
    private bool _built;

    public VipsOperation(VipsLibrary vips, string name)
    {
        _vips = vips;
        fixed (byte* text = Text(name))
        {
            _handle = vips.OperationNew(text);
        }

        if (_handle == 0)
        {
            throw new VipsException(vips.TakeError());
        }
    }

    /// <summary>Numbers, truth values and names of enumerations, as the command line of libvips writes them.</summary>
    public VipsOperation Set(string argument, string value)
    {
        fixed (byte* name = Text(argument), text = Text(value))
        {
            return _vips.SetFromText(_handle, name, text) == 0 ? this : throw new VipsException(_vips.TakeError());
        }
    }

    public VipsOperation Set(string argument, int value) => Set(argument, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Bytes that stay where they are until the operation and every image that came of it are gone.</summary>
    public VipsOperation Set(string argument, byte* bytes, int length)
    {
        // No function to free them: they are not libvips' own.
        var blob = _vips.BlobNew(0, bytes, (nuint)length);
        var value = default(VipsLibrary.GValue);
        _vips.ValueInit(&value, _vips.BlobType);
        _vips.ValueSetBoxed(&value, blob);
        SetValue(argument, &value);
        _vips.AreaUnref(blob);
        return this;
    }

    public VipsOperation Set(string argument, VipsImage image)
    {
        var value = default(VipsLibrary.GValue);
        _vips.ValueInit(&value, _vips.ImageType);
        _vips.ValueSetObject(&value, image.Handle);
        SetValue(argument, &value);
        return this;
    }

    /// <exception cref="VipsException">It refused.</exception>
    public VipsOperation Run()
    {
        var built = _vips.Build(_handle);
        if (built == 0)
        {
            throw new VipsException(_vips.TakeError());
        }

        _vips.Unref(_handle);
        (_handle, _built) = (built, true);
        return this;
    }

    /// <summary>Runs it, takes the image that came of it, and ends it.</summary>
    public VipsImage Image()
    {
        using (this)
        {
            Run();
            var value = Output("out", _vips.ImageType);
            var image = _vips.Ref(_vips.ValueGetObject(&value));
            _vips.ValueUnset(&value);
            return new VipsImage(_vips, image);
        }
    }

    /// <summary>Runs it, copies the bytes that came of it, and ends it.</summary>
    public byte[] Bytes()
    {
        using (this)
        {
            Run();
            var value = Output("buffer", _vips.BlobType);
            nuint length;
            var bytes = _vips.BlobGet(_vips.ValueGetBoxed(&value), &length);
            var copy = new ReadOnlySpan<byte>(bytes, checked((int)length)).ToArray();
            _vips.ValueUnset(&value);
            return copy;
        }
    }

    public void Dispose()
    {
        if (_handle != 0)
        {
            if (_built)
            {
                _vips.UnrefOutputs(_handle);
            }

            _vips.Unref(_handle);
            _handle = 0;
        }
    }

    private VipsLibrary.GValue Output(string argument, nuint type)
    {
        var value = default(VipsLibrary.GValue);
        _vips.ValueInit(&value, type);
        fixed (byte* name = Text(argument))
        {
            _vips.GetProperty(_handle, name, &value);
        }

        return value;
    }

    private void SetValue(string argument, VipsLibrary.GValue* value)
    {
        fixed (byte* name = Text(argument))
        {
            _vips.SetProperty(_handle, name, value);
        }

        _vips.ValueUnset(value);
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + '\0');
}

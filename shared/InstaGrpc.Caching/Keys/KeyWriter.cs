using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace InstaGrpc.Caching.Keys;

/// <summary>Builds a ring key on the stack; text of any length is taken (and then hashed).</summary>
internal ref struct KeyWriter
{
    private const int HashBytes = 16;

    private Span<byte> _buffer;
    private byte[]? _rented;
    private int _length;
    private int _head;
    private int _generationAt;

    public KeyWriter(Span<byte> stack) => _buffer = stack;

    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    public readonly int GenerationAt => _generationAt;

    public readonly int Length => _length;

    /// <summary>Starts with what all keys of a contract on a node have in common; what follows are fields.</summary>
    public void Begin(scoped ReadOnlySpan<byte> head, int generationAt)
    {
        _length = 0;
        _generationAt = generationAt;
        Append(head);
        _head = _length;
    }

    public void Append(byte value)
    {
        if (_length == _buffer.Length)
        {
            Grow(1);
        }

        _buffer[_length++] = value;
    }

    public void Append(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    public void Append(long value)
    {
        Utf8Formatter.TryFormat(value, Reserve(20), out var written);
        _length += written;
    }

    public void AppendHex(ulong value)
    {
        Utf8Formatter.TryFormat(value, Reserve(16), out var written, new StandardFormat('x', 16));
        _length += written;
    }

    /// <summary>Space for this many bytes; <see cref="Advance"/> says how many were used.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Grow(bytes);
        }

        return _buffer[_length..];
    }

    public void Advance(int bytes) => _length += bytes;

    /// <summary>Replaces the fields by their hash where the key would be too long. '#' is escaped in text, so no fields look like a hash.</summary>
    /// <param name="hasGeneration">Whether the head has its generation already.</param>
    public void Shorten(bool hasGeneration = false)
    {
        if (_length + (hasGeneration ? 0 : KeyLayout.GenerationBytes) <= KeyLayout.MaxKeyBytes)
        {
            return;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_buffer[_head.._length], hash);
        _length = _head;
        Append((byte)'#');
        AppendLowerHex(hash[..HashBytes]);
    }

    public void AppendLowerHex(scoped ReadOnlySpan<byte> bytes)
    {
        Convert.TryToHexStringLower(bytes, Reserve(bytes.Length * 2), out var written);
        _length += written;
    }

    public readonly CacheKey ToKey() => new(Written.ToArray(), _generationAt);

    public void Dispose()
    {
        if (_rented is { } rented)
        {
            _rented = null;
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void Grow(int bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + bytes));
        _buffer[.._length].CopyTo(larger);
        Dispose();
        _buffer = _rented = larger;
    }
}

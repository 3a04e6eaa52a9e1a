using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;

namespace InstaGrpc.Memcached.Internal;

/// <summary>Encoded commands, one behind the other, in memory from the shared pool. Not thread-safe.</summary>
internal sealed class CommandBuffer
{
    // Room for everything in a command but its key and value: verb, each flag once with its number, line ends.
    private const int FlagBytes = 192;
    private const int KeptBytes = 256 * 1024;

    private static readonly SearchValues<byte> NotInKeys =
        SearchValues.Create([.. Enumerable.Range(0, 33).Select(i => (byte)i), 127]);

    private byte[] _bytes = [];

    public int Length { get; private set; }

    public byte[] Array => _bytes;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public static int SizeOf(int keyLength, int valueLength) => keyLength + valueLength + FlagBytes;

    public static void CheckKey(ReadOnlySpan<byte> key)
    {
        if (key.Length is 0 or > MemcachedLimits.KeyBytes)
        {
            throw new ArgumentException($"A memcached key has 1 to {MemcachedLimits.KeyBytes} bytes, not {key.Length}.", nameof(key));
        }

        if (key.ContainsAny(NotInKeys))
        {
            throw new ArgumentException("A memcached key must not contain spaces or control characters.", nameof(key));
        }
    }

    public static void CheckValue(ReadOnlySpan<byte> value)
    {
        if (value.Length > MemcachedLimits.ValueBytes)
        {
            throw new ArgumentException(
                $"A memcached value has at most {MemcachedLimits.ValueBytes} bytes, not {value.Length}.", nameof(value));
        }
    }

    public void Clear()
    {
        Length = 0;

        // One large write must not hold its memory for ever.
        if (_bytes.Length > KeptBytes)
        {
            Release();
        }
    }

    public void Release()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }

        Length = 0;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary><c>mg key flags [q] [O&lt;opaque&gt;]</c>; an opaque below 0 is left out.</summary>
    public void AppendGet(ReadOnlySpan<byte> key, in MetaGet get, bool quiet, int opaque)
    {
        Reserve(SizeOf(key.Length, 0));
        var to = new Cursor(_bytes, Length);
        to.Put("mg "u8);
        to.Put(key);
        PutGetFlags(ref to, get);
        PutEnd(ref to, quiet, opaque);
        Length = to.At;
    }

    /// <summary>The same for many keys, with their numbers as opaque tokens, closed by <c>mn</c>.</summary>
    public void AppendGets(ReadOnlySpan<ReadOnlyMemory<byte>> keys, in MetaGet get)
    {
        Span<byte> flags = stackalloc byte[FlagBytes];
        var flagsTo = new Cursor(flags, 0);
        PutGetFlags(ref flagsTo, get);
        flagsTo.Put(" q O"u8);
        flags = flags[..flagsTo.At];

        for (var i = 0; i < keys.Length; i++)
        {
            var key = keys[i].Span;
            Reserve(SizeOf(key.Length, 0));
            var to = new Cursor(_bytes, Length);
            to.Put("mg "u8);
            to.Put(key);
            to.Put(flags);
            to.Put(i);
            to.Put("\r\n"u8);
            Length = to.At;
        }

        Append("mn\r\n"u8);
    }

    public void AppendSet(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in MetaSet set, bool quiet, int opaque)
    {
        Reserve(SizeOf(key.Length, value.Length));
        var to = new Cursor(_bytes, Length);
        to.Put("ms "u8);
        to.Put(key);
        to.Put(" "u8);
        to.Put(value.Length);
        switch (set.Mode)
        {
            case MetaSetMode.Set:
                break;
            case MetaSetMode.Add:
                to.Put(" ME"u8);
                break;
            case MetaSetMode.Append:
                to.Put(" MA"u8);
                break;
            case MetaSetMode.Prepend:
                to.Put(" MP"u8);
                break;
            case MetaSetMode.Replace:
                to.Put(" MR"u8);
                break;
            default:
                throw new UnreachableException();
        }

        to.PutFlag('C', set.Cas);
        to.PutFlag('T', set.TtlSeconds == 0 ? null : set.TtlSeconds);
        to.PutFlag('F', set.ClientFlags == 0 ? null : set.ClientFlags);
        to.PutFlag('I', set.KeepAsStale);
        to.PutFlag('c', set.ReturnCas);
        PutEnd(ref to, quiet, opaque);
        to.Put(value);
        to.Put("\r\n"u8);
        Length = to.At;
    }

    public void AppendDelete(ReadOnlySpan<byte> key, in MetaDelete delete, bool quiet, int opaque)
    {
        Reserve(SizeOf(key.Length, 0));
        var to = new Cursor(_bytes, Length);
        to.Put("md "u8);
        to.Put(key);
        to.PutFlag('C', delete.Cas);
        to.PutFlag('I', delete.MarkStale);
        to.PutFlag('T', delete.TtlSeconds);
        PutEnd(ref to, quiet, opaque);
        Length = to.At;
    }

    private static void PutGetFlags(ref Cursor to, in MetaGet get)
    {
        var fields = get.Return;
        to.PutFlag('v', (fields & MetaReturn.Value) != 0);
        to.PutFlag('c', (fields & MetaReturn.Cas) != 0);
        to.PutFlag('t', (fields & MetaReturn.Ttl) != 0);
        to.PutFlag('s', (fields & MetaReturn.Size) != 0);
        to.PutFlag('f', (fields & MetaReturn.ClientFlags) != 0);
        to.PutFlag('h', (fields & MetaReturn.HitBefore) != 0);
        to.PutFlag('l', (fields & MetaReturn.LastAccess) != 0);
        to.PutFlag('k', (fields & MetaReturn.Key) != 0);
        to.PutFlag('N', get.LeaseSeconds);
        to.PutFlag('R', get.RefreshBelowSeconds);
        to.PutFlag('T', get.TouchSeconds);
    }

    private static void PutEnd(ref Cursor to, bool quiet, int opaque)
    {
        to.PutFlag('q', quiet);
        if (opaque >= 0)
        {
            to.PutFlag('O', opaque);
        }

        to.Put("\r\n"u8);
    }

    private void Reserve(int more)
    {
        if (_bytes.Length - Length >= more)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(Length + more), Math.Max(4096, Length * 2)));
        Written.CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }

    private ref struct Cursor(Span<byte> bytes, int at)
    {
        private readonly Span<byte> _bytes = bytes;

        public int At = at;

        public void Put(scoped ReadOnlySpan<byte> more)
        {
            more.CopyTo(_bytes[At..]);
            At += more.Length;
        }

        public void Put(long number)
        {
            Utf8Formatter.TryFormat(number, _bytes[At..], out var written);
            At += written;
        }

        public void PutFlag(char letter, bool on)
        {
            if (on)
            {
                _bytes[At++] = (byte)' ';
                _bytes[At++] = (byte)letter;
            }
        }

        public void PutFlag(char letter, long? number)
        {
            if (number is { } given)
            {
                PutFlag(letter, true);
                Put(given);
            }
        }

        public void PutFlag(char letter, ulong? number)
        {
            if (number is { } given)
            {
                PutFlag(letter, true);
                Utf8Formatter.TryFormat(given, _bytes[At..], out var written);
                At += written;
            }
        }
    }
}

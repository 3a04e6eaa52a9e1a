using System.Buffers.Text;
using System.Text;

namespace InstaGrpc.Memcached.Internal;

/// <summary>Reads one reply line of the meta protocol.</summary>
internal static class ReplyParser
{
    /// <summary>True for <c>MN</c>, which closes a batch.</summary>
    public static bool IsEndOfBatch(ReadOnlySpan<byte> line) => line.Length == 2 && line[0] == 'M' && line[1] == 'N';

    /// <summary>Parses a line without its line end.</summary>
    /// <exception cref="MemcachedProtocolException">It is no reply.</exception>
    public static void Parse(ReadOnlySpan<byte> line, out ReplyHead head)
    {
        head = default;
        head.ValueLength = ReplyHead.NoValue;
        head.Opaque = ReplyHead.NoOpaque;
        if (line.Length >= 2 && (line.Length == 2 || line[2] == ' '))
        {
            switch ((line[0] << 8) | line[1])
            {
                case ('V' << 8) | 'A':
                    head.Status = MetaStatus.Hit;
                    ParseFlags(ParseLength(line, ref head), line, ref head);
                    return;
                case ('H' << 8) | 'D':
                    head.Status = MetaStatus.Hit;
                    break;
                case ('E' << 8) | 'N':
                    head.Status = MetaStatus.Miss;
                    break;
                case ('N' << 8) | 'F':
                    head.Status = MetaStatus.NotFound;
                    break;
                case ('N' << 8) | 'S':
                    head.Status = MetaStatus.NotStored;
                    break;
                case ('E' << 8) | 'X':
                    head.Status = MetaStatus.Exists;
                    break;
                default:
                    throw NoReply(line);
            }

            ParseFlags(line[2..], line, ref head);
            return;
        }

        head.Status = line.StartsWith("SERVER_ERROR"u8) ? MetaStatus.ServerError
            : line.StartsWith("CLIENT_ERROR"u8) || line.SequenceEqual("ERROR"u8) ? MetaStatus.ClientError
            : throw NoReply(line);
        head.KeyOrError = Printable(line);
    }

    public static string Printable(ReadOnlySpan<byte> line)
    {
        var text = new StringBuilder();
        foreach (var b in line[..Math.Min(line.Length, 100)])
        {
            text.Append(b is >= 32 and < 127 ? (char)b : '?');
        }

        return text.ToString();
    }

    private static ReadOnlySpan<byte> ParseLength(ReadOnlySpan<byte> line, ref ReplyHead head)
    {
        var rest = line.Length > 3 ? line[3..] : throw NoReply(line);
        if (!Utf8Parser.TryParse(rest, out int length, out var used) || length < 0)
        {
            throw NoReply(line);
        }

        if (length > MemcachedLimits.ValueBytes)
        {
            throw new MemcachedProtocolException(
                $"An item of {length} bytes is larger than the limit of {MemcachedLimits.ValueBytes}: who else writes to this server?");
        }

        head.ValueLength = length;
        return rest[used..];
    }

    private static void ParseFlags(ReadOnlySpan<byte> flags, ReadOnlySpan<byte> line, ref ReplyHead head)
    {
        var at = 0;
        while (at < flags.Length)
        {
            if (flags[at++] != ' ')
            {
                throw NoReply(line);
            }

            // memcached 1.6 leaves a second space in some replies.
            if (at == flags.Length || flags[at] == ' ')
            {
                continue;
            }

            var letter = flags[at++];
            switch (letter)
            {
                case (byte)'W':
                    head.Marks |= ReplyMarks.Won;
                    break;
                case (byte)'Z':
                    head.Marks |= ReplyMarks.AlreadyWon;
                    break;
                case (byte)'X':
                    head.Marks |= ReplyMarks.Stale;
                    break;
                case (byte)'c':
                    head.Cas = Number(flags, ref at, line);
                    break;
                case (byte)'O':
                    head.Opaque = (int)Number(flags, ref at, line);
                    break;
                case (byte)'t':
                    head.Ttl = SignedNumber(flags, ref at, line);
                    break;
                case (byte)'s':
                    head.Size = SignedNumber(flags, ref at, line);
                    break;
                case (byte)'f':
                    head.ClientFlags = (uint)Number(flags, ref at, line);
                    break;
                case (byte)'l':
                    head.LastAccess = SignedNumber(flags, ref at, line);
                    break;
                case (byte)'h':
                    if (Number(flags, ref at, line) != 0)
                    {
                        head.Marks |= ReplyMarks.HitBefore;
                    }

                    break;
                case (byte)'k':
                    var end = flags[at..].IndexOf((byte)' ');
                    end = end < 0 ? flags.Length : at + end;
                    head.KeyOrError = flags[at..end].ToArray();
                    at = end;
                    break;
                default:
                    throw NoReply(line);
            }
        }
    }

    private static ulong Number(ReadOnlySpan<byte> flags, ref int at, ReadOnlySpan<byte> line)
    {
        ulong number = 0;
        var begin = at;
        while (at < flags.Length && (uint)(flags[at] - '0') <= 9)
        {
            number = unchecked(number * 10 + (uint)(flags[at++] - '0'));
        }

        return at > begin && at - begin <= 20 ? number : throw NoReply(line);
    }

    private static int SignedNumber(ReadOnlySpan<byte> flags, ref int at, ReadOnlySpan<byte> line)
    {
        if (at < flags.Length && flags[at] == '-')
        {
            at++;
            return -(int)Number(flags, ref at, line);
        }

        return (int)Number(flags, ref at, line);
    }

    private static MemcachedProtocolException NoReply(ReadOnlySpan<byte> line) =>
        new($"The server sent what is no reply of memcached's meta protocol: '{Printable(line)}'.");
}

using System.Text;

namespace InstaGrpc.Load.Http2;

/// <summary>
/// As much of HPACK (RFC 7541) as a unary call needs. Requests are literals that are never indexed. Responses come without a dynamic table, because this side
/// offers one of size 0; strings in Huffman's code are not read (<see cref="Unread"/>), and whoever needs one asks another client.
/// </summary>
internal static class Hpack
{
    /// <summary>Stands for a string in Huffman's code.</summary>
    public const string Unread = "\0huffman";

    private const int StaticEntries = 61;
    private const int Status200 = 8;
    private const int StatusName = 8;

    // The static table's entries that a gRPC answer may use: ":status" and its values, and names that tell nothing here.
    private static readonly string[] _statuses = ["200", "204", "206", "304", "400", "404", "500"];

    /// <summary>POST, http, the path, the authority, and what every gRPC request says.</summary>
    public static byte[] Begin(string path, string authority)
    {
        var block = new List<byte> { 0x83, 0x86, 0x04 };
        Add(block, path);
        block.Add(0x01);
        Add(block, authority);
        block.AddRange([0x0f, 0x10]); // content-type
        Add(block, "application/grpc");
        Append(block, "te", "trailers");
        return [.. block];
    }

    /// <summary>A header of its own; the name in lower case.</summary>
    public static void Append(List<byte> block, string name, string value)
    {
        block.Add(0x00);
        Add(block, name);
        Add(block, value);
    }

    /// <summary>Reads a block.</summary>
    /// <param name="block">Whole.</param>
    /// <param name="add">Given each name and value; names of the static table other than ":status" are empty.</param>
    /// <exception cref="InvalidDataException">It breaks the rules, or uses a table that was not offered.</exception>
    public static void Read(ReadOnlySpan<byte> block, Action<string, string> add)
    {
        while (block.Length > 0)
        {
            var first = block[0];
            if ((first & 0x80) != 0)
            {
                var index = Integer(ref block, 7);
                if (index is 0 or > StaticEntries) throw new InvalidDataException($"header index {index} of a table that was not offered");
                if (index >= Status200 && index < Status200 + _statuses.Length) add(":status", _statuses[index - Status200]);
            }
            else if ((first & 0xe0) == 0x20)
            {
                if (Integer(ref block, 5) != 0) throw new InvalidDataException("a header table larger than what was offered");
            }
            else
            {
                var index = Integer(ref block, (first & 0x40) != 0 ? 6 : 4);
                if (index > StaticEntries) throw new InvalidDataException($"header index {index} of a table that was not offered");
                var name = index == 0 ? Text(ref block) : index >= StatusName && index < StatusName + _statuses.Length ? ":status" : "";
                add(name, Text(ref block));
            }
        }
    }

    private static void Add(List<byte> block, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        const int prefix = 127;
        if (bytes.Length < prefix)
        {
            block.Add((byte)bytes.Length);
        }
        else
        {
            block.Add(prefix);
            var left = bytes.Length - prefix;
            for (; left >= 128; left >>= 7) block.Add((byte)(left & 127 | 128));
            block.Add((byte)left);
        }

        block.AddRange(bytes);
    }

    private static string Text(ref ReadOnlySpan<byte> block)
    {
        if (block.IsEmpty) throw new InvalidDataException("a header ends before its text");
        var huffman = (block[0] & 0x80) != 0;
        var length = Integer(ref block, 7);
        if (length > block.Length) throw new InvalidDataException("a header's text is longer than its block");
        var text = huffman ? Unread : Encoding.UTF8.GetString(block[..length]);
        block = block[length..];
        return text;
    }

    private static int Integer(ref ReadOnlySpan<byte> block, int bits)
    {
        var most = (1 << bits) - 1;
        var value = block[0] & most;
        block = block[1..];
        if (value < most) return value;
        for (var shift = 0; shift <= 21; shift += 7)
        {
            if (block.IsEmpty) break;
            var part = block[0];
            block = block[1..];
            value += (part & 127) << shift;
            if ((part & 128) == 0) return value;
        }

        throw new InvalidDataException("a header's number is too long");
    }
}

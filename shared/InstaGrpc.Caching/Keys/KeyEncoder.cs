using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;

namespace InstaGrpc.Caching.Keys;

/// <summary>
/// How a value becomes part of a key: the one encoder of the request side (a field's value) and the row side (PostgreSQL's text of a column).
/// <list type="bullet">
/// <item>canonical: what PostgreSQL holds equal has one spelling (integers in decimal, a uuid in any of the spellings it accepts);</item>
/// <item>total: every value has one (a "uuid" that is none, text that no row can hold);</item>
/// <item>injective: values that differ have keys that differ; an absent field is none of them.</item>
/// </list>
/// Fields stand in the contract's order with ',' between them. Everything outside <c>[A-Za-z0-9._:@/+=-]</c> is escaped in text, so ',', '|', '#', '~' and
/// '!' mean only what they mean here.
/// </summary>
public static class KeyEncoder
{
    /// <summary>Announced with each contract. Another rule is another number: an invalidator that does not know it stops there.</summary>
    public const uint Version = 1;

    private const byte Absent = (byte)'~';

    private static readonly SearchValues<byte> _plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@/+=-"u8);

    /// <summary>Appends a request's field.</summary>
    internal static void Append(ref KeyWriter writer, KeyType type, in FieldValue value)
    {
        switch (value.Kind)
        {
            case FieldKind.Absent:
                writer.Append(Absent);
                break;
            case FieldKind.Integer:
                writer.Append(value.Integer);
                break;
            case FieldKind.Boolean:
                writer.Append(value.Integer != 0 ? (byte)'t' : (byte)'f');
                break;
            case FieldKind.Bytes:
                writer.AppendLowerHex(value.Bytes.Span);
                break;
            case FieldKind.Text when type == KeyType.Uuid:
                AppendUuid(ref writer, value.Text);
                break;
            case FieldKind.Text:
                AppendText(ref writer, value.Text);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(value), value.Kind, "No such kind of field.");
        }
    }

    /// <summary>Appends a row's column.</summary>
    /// <param name="writer">The key.</param>
    /// <param name="type">As the contract announced it.</param>
    /// <param name="text">PostgreSQL's text of the value; null for NULL, which is the key of an absent field.</param>
    /// <exception cref="FormatException">The text is none of the type: the column's type has changed since the contract was announced.</exception>
    internal static void AppendColumn(ref KeyWriter writer, KeyType type, string? text)
    {
        if (text is null)
        {
            writer.Append(Absent);
            return;
        }

        switch (type)
        {
            case KeyType.Integer:
                writer.Append(long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
                break;
            case KeyType.Boolean:
                writer.Append(text switch
                {
                    "t" or "true" => (byte)'t',
                    "f" or "false" => (byte)'f',
                    _ => throw new FormatException($"'{text}' is no boolean of PostgreSQL."),
                });
                break;
            case KeyType.Uuid:
                AppendUuid(ref writer, text);
                break;
            case KeyType.Text:
                AppendText(ref writer, text);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "This encoder does not know the type; its version must not be announced as known.");
        }
    }

    internal static void AppendText(ref KeyWriter writer, string text)
    {
        // Escaped, a byte takes three at most, and a UTF-16 unit makes at most three bytes.
        var target = writer.Reserve(text.Length);
        if (Ascii.FromUtf16(text, target, out var written) == OperationStatus.Done && !target[..written].ContainsAnyExcept(_plain))
        {
            writer.Advance(written);
            return;
        }

        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        Utf8.FromUtf16(text, bytes, out _, out var count, replaceInvalidSequences: true);
        foreach (var value in bytes.AsSpan(0, count))
        {
            if (_plain.Contains(value))
            {
                writer.Append(value);
            }
            else
            {
                writer.Append((byte)'%');
                writer.AppendLowerHex([value]);
            }
        }

        ArrayPool<byte>.Shared.Return(bytes);
    }

    // PostgreSQL takes braces, capitals and hyphens after any four digits; .NET takes more (parentheses, white space, 0x-groups). A handler may parse
    // with either, so all of them are one key: a spelling with a key of its own would be cached and never invalidated.
    private static void AppendUuid(ref KeyWriter writer, string text)
    {
        Span<char> digits = stackalloc char[32];
        var count = 0;
        var inner = text.AsSpan().Trim();
        if (inner is ['{', .., '}'] or ['(', .., ')'])
        {
            inner = inner[1..^1];
        }

        foreach (var c in inner)
        {
            if (c == '-')
            {
                continue;
            }

            if (count == 32 || !char.IsAsciiHexDigit(c))
            {
                count = -1;
                break;
            }

            digits[count++] = char.ToLowerInvariant(c);
        }

        if (count != 32)
        {
            if (!Guid.TryParse(text, out var parsed))
            {
                writer.Append((byte)'!');
                AppendText(ref writer, text);
                return;
            }

            parsed.TryFormat(digits, out _, "N");
        }

        Ascii.FromUtf16(digits, writer.Reserve(32), out var written);
        writer.Advance(written);
    }
}

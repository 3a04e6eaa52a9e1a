using System.Globalization;

namespace InstaGrpc.Memcached.Internal;

/// <summary><c>ME key exp=-1 la=0 cas=2 fetch=yes cls=1 size=63</c>, or <c>EN</c>.</summary>
internal static class DebugLine
{
    public static MetaDebug? Parse(string line)
    {
        if (line == "EN")
        {
            return null;
        }

        if (!line.StartsWith("ME ", StringComparison.Ordinal))
        {
            throw new MemcachedProtocolException($"The server answered me with '{line}'.");
        }

        // Fields are looked for from the end: a key may contain "exp=".
        var fields = line.Split(' ');
        var expires = (int)Number(fields, "exp=");
        return new MetaDebug(
            expires < -1 ? -expires : expires, // 1.6.18 counts up to the end of the item's life, later versions down to it
            (int)Number(fields, "la="),
            (ulong)Number(fields, "cas="),
            Array.FindLast(fields, field => field.StartsWith("fetch=", StringComparison.Ordinal)) == "fetch=yes",
            (int)Number(fields, "cls="),
            (int)Number(fields, "size="));
    }

    private static long Number(string[] fields, string name)
    {
        var field = Array.FindLast(fields, field => field.StartsWith(name, StringComparison.Ordinal));
        var digits = field is null ? [] : field.AsSpan(name.Length);
        return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}

using System.Text;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.LeaseCache;

/// <summary>The form of callers' keys: <c>namespace/key</c>.</summary>
internal static class EntryKey
{
    private const int MaxNamespace = 32;

    // Longer than anybody's key; memcached gets a hash of what is above 200 bytes.
    private const int MaxBytes = 4096;

    // What the parser puts where the bytes were no UTF-8: two such keys could be the same text.
    private const char Replacement = '\uFFFD';

    /// <summary>Null if it is a key; else what is wrong with it.</summary>
    public static string? Fault(string key)
    {
        var slash = key.IndexOf('/');
        if (slash < 1 || slash > MaxNamespace || slash == key.Length - 1 || !key.AsSpan(0, slash).ContainsOnly())
        {
            return $"must be namespace/key, the namespace 1 to {MaxNamespace} of [a-z0-9._-]";
        }
        if (Encoding.UTF8.GetByteCount(key) > MaxBytes)
        {
            return $"must be at most {MaxBytes} bytes";
        }
        return key.Contains(Replacement) ? "must be UTF-8" : null;
    }

    /// <exception cref="InvalidFieldException">It is no key.</exception>
    public static string Check(string key, string field) => Fault(key) is { } fault ? throw new InvalidFieldException(field, fault) : key;

    private static bool ContainsOnly(this ReadOnlySpan<char> name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('.' or '_' or '-'))
            {
                return false;
            }
        }
        return true;
    }
}

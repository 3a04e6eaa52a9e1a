using System.Security.Cryptography;
using System.Text;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// The name of slot and publication. Slots are the cluster's, not the database's, so the name holds prefix and node; what PostgreSQL does
/// not take in a slot's name is replaced, and then a hash keeps two prefixes apart.
/// </summary>
internal static class PublicationName
{
    private const int MaxLength = 63;

    public static string Of(string prefix, NodeName node)
    {
        var plain = new StringBuilder("insta_");
        var changed = false;
        foreach (var c in prefix)
        {
            if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
            {
                plain.Append(c);
            }
            else
            {
                changed = true;
                plain.Append('_');
            }
        }

        if (plain[^1] != '_')
        {
            plain.Append('_');
        }

        // Node names have no underscore, so this can't make two equal.
        plain.Append(node.Value.Replace('-', '_'));
        if (!changed && plain.Length <= MaxLength)
        {
            return plain.ToString();
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{prefix}\0{node}")).AsSpan(0, 5));
        return $"{plain.ToString(0, Math.Min(plain.Length, MaxLength - hash.Length - 1))}_{hash}";
    }
}

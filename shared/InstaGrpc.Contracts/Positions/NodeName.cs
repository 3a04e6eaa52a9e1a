using System.Diagnostics.CodeAnalysis;

namespace InstaGrpc.Contracts.Positions;

/// <summary>
/// The name of a node: one PostgreSQL primary with its followers. 1 to 32 characters of <c>[a-z0-9-]</c>, so that it can stand in keys,
/// topics, slot names and tokens without escaping.
/// </summary>
public readonly record struct NodeName : IComparable<NodeName>
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 32;

    private readonly string? _value;

    /// <exception cref="FormatException">The name is empty, too long, or holds another character.</exception>
    public NodeName(string value)
    {
        if (!IsValid(value))
        {
            throw new FormatException($"'{value}' is no node name: use 1 to {MaxLength} characters of [a-z0-9-].");
        }

        _value = value;
    }

    /// <summary>The text; empty for <c>default</c>, which names no node.</summary>
    public string Value => _value ?? "";

    public static bool TryParse([NotNullWhen(true)] string? text, out NodeName name)
    {
        var valid = IsValid(text);
        name = valid ? new NodeName(text!) : default;
        return valid;
    }

    public int CompareTo(NodeName other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;

    private static bool IsValid(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }

        return true;
    }
}

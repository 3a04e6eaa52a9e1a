using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace InstaGrpc.Contracts.Positions;

/// <summary>
/// The read-your-writes token: per node how far a reader must see. Travels as metadata <c>insta-lsn:
/// &lt;node&gt;=&lt;timeline&gt;/&lt;LSN&gt;[,…]</c> in requests and trailers. Immutable; holds the newest position per node, nodes in
/// order.
/// </summary>
public sealed class ReadToken : IEquatable<ReadToken>
{
    /// <summary>The metadata key.</summary>
    public const string MetadataKey = "insta-lsn";

    /// <summary>The most nodes that a token may name; more is refused when parsing.</summary>
    public const int MaxNodes = 256;

    private readonly KeyValuePair<NodeName, TokenPosition>[] _positions;

    private ReadToken(KeyValuePair<NodeName, TokenPosition>[] positions) => _positions = positions;

    /// <summary>Asks for nothing.</summary>
    public static ReadToken Empty { get; } = new([]);

    public bool IsEmpty => _positions.Length == 0;

    public IReadOnlyList<KeyValuePair<NodeName, TokenPosition>> Positions => _positions;

    public static ReadToken Of(NodeName node, TokenPosition position) => new([new(node, position)]);

    public bool TryGet(NodeName node, out TokenPosition position)
    {
        foreach (var pair in _positions)
        {
            if (pair.Key == node)
            {
                position = pair.Value;
                return true;
            }
        }

        position = default;
        return false;
    }

    /// <summary>This token with <paramref name="position"/> for the node, unless it has a newer one already.</summary>
    public ReadToken With(NodeName node, TokenPosition position)
    {
        if (TryGet(node, out var known))
        {
            if (known.CompareTo(position) >= 0)
            {
                return this;
            }

            var replaced = ((KeyValuePair<NodeName, TokenPosition>[])_positions.Clone());
            replaced[Array.FindIndex(replaced, pair => pair.Key == node)] = new(node, position);
            return new ReadToken(replaced);
        }

        KeyValuePair<NodeName, TokenPosition>[] grown = [.. _positions, new(node, position)];
        Array.Sort(grown, static (left, right) => left.Key.CompareTo(right.Key));
        return new ReadToken(grown);
    }

    /// <summary>The newest of both per node.</summary>
    public ReadToken With(ReadToken other)
    {
        var merged = this;
        foreach (var pair in other._positions)
        {
            merged = merged.With(pair.Key, pair.Value);
        }

        return merged;
    }

    /// <summary>A node that is named twice keeps its newest position. Empty text is <see cref="Empty"/>.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ReadToken? token)
    {
        token = null;
        var parsed = Empty;
        if (string.IsNullOrWhiteSpace(text))
        {
            token = parsed;
            return true;
        }

        foreach (var part in text.Split(','))
        {
            var entry = part.Trim();
            var equals = entry.IndexOf('=');
            var slash = entry.IndexOf('/');
            if (equals < 1 || slash <= equals || parsed._positions.Length == MaxNodes
                || !NodeName.TryParse(entry[..equals], out var node)
                || !uint.TryParse(entry.AsSpan((equals + 1)..slash), NumberStyles.None, CultureInfo.InvariantCulture, out var timeline)
                || !Lsn.TryParse(entry.AsSpan(slash + 1), out var lsn))
            {
                return false;
            }

            parsed = parsed.With(node, new TokenPosition(new Timeline(timeline), lsn));
        }

        token = parsed;
        return true;
    }

    /// <exception cref="FormatException">The text is no token.</exception>
    public static ReadToken Parse(string text) =>
        TryParse(text, out var token) ? token
            : throw new FormatException($"'{text}' is no {MetadataKey} token: <node>=<timeline>/<LSN>[,…] is expected.");

    public bool Equals(ReadToken? other) => other is not null && _positions.AsSpan().SequenceEqual(other._positions);

    public override bool Equals(object? obj) => Equals(obj as ReadToken);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var pair in _positions)
        {
            hash.Add(pair.Key);
            hash.Add(pair.Value);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(',', _positions.Select(static pair => $"{pair.Key}={pair.Value}"));
}

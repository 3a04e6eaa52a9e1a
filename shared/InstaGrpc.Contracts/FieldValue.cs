namespace InstaGrpc.Contracts;

/// <summary>What kind of value a request's scalar field holds.</summary>
public enum FieldKind
{
    /// <summary>The field is not set (only fields with presence, and fields of a message that is not set).</summary>
    Absent,

    /// <summary>Any integer or enum; unsigned 64-bit ones by their bits.</summary>
    Integer,

    /// <summary>A boolean, as 0 or 1.</summary>
    Boolean,

    /// <summary>A string.</summary>
    Text,

    /// <summary>Bytes.</summary>
    Bytes,
}

/// <summary>The value of a key field in one request.</summary>
public readonly struct FieldValue
{
    private readonly object? _reference;

    private FieldValue(FieldKind kind, long integer, object? reference) => (Kind, Integer, _reference) = (kind, integer, reference);

    /// <summary>The kind, which says what to read.</summary>
    public FieldKind Kind { get; }

    /// <summary>The integer, or 0 or 1 for a boolean; 0 for other kinds.</summary>
    public long Integer { get; }

    /// <summary>The string; empty for other kinds.</summary>
    public string Text => _reference as string ?? string.Empty;

    /// <summary>The bytes; empty for other kinds.</summary>
    public ReadOnlyMemory<byte> Bytes => (_reference as Google.Protobuf.ByteString)?.Memory ?? default;

    /// <summary>A field that is not set.</summary>
    public static FieldValue Absent => default;

    /// <summary>An integer.</summary>
    public static FieldValue Of(long value) => new(FieldKind.Integer, value, null);

    /// <summary>A boolean.</summary>
    public static FieldValue Of(bool value) => new(FieldKind.Boolean, value ? 1 : 0, null);

    /// <summary>A string.</summary>
    public static FieldValue Of(string value) => new(FieldKind.Text, 0, value);

    /// <summary>Bytes.</summary>
    public static FieldValue Of(Google.Protobuf.ByteString value) => new(FieldKind.Bytes, 0, value);
}

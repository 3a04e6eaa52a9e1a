namespace InstaGrpc.Contracts;

/// <summary>One field of a cached method's key.</summary>
public sealed class KeyField
{
    /// <summary>The name of the field that is the caller's user id.</summary>
    public const string CallerName = "@caller";

    internal KeyField(FieldPath path) => (Name, Path) = (path.Path, path);

    private KeyField() => Name = CallerName;

    /// <summary>The caller's user id, where a method varies by it.</summary>
    public static KeyField Caller { get; } = new();

    /// <summary>The path as the contract writes it, or "@caller".</summary>
    public string Name { get; }

    /// <summary>Where the value stands in the request; null for "@caller".</summary>
    public FieldPath? Path { get; }

    /// <summary>Whether this is the caller's user id.</summary>
    public bool IsCaller => Path is null;

    /// <summary>Whether the field may be absent, which is another key than its default.</summary>
    public bool HasPresence => Path?.HasPresence ?? false;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

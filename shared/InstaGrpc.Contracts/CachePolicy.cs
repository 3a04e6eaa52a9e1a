namespace InstaGrpc.Contracts;

/// <summary>How a method's answers are cached.</summary>
public sealed class CachePolicy
{
    /// <summary>The fields of the key in the contract's order; "@caller" is the last where the method varies by it.</summary>
    public required IReadOnlyList<KeyField> Key { get; init; }

    /// <summary>The bound fields of a list, in the contract's order; empty for a method that is no list.</summary>
    public required IReadOnlyList<KeyField> Group { get; init; }

    /// <summary>How long an entry lives; whole seconds, at least 1.</summary>
    public required TimeSpan Ttl { get; init; }

    /// <summary>How long a marked value may be served; zero (never) or at least 200 ms.</summary>
    public required TimeSpan MaxStale { get; init; }

    /// <summary>How long a copy stays in the process; zero: none.</summary>
    public required TimeSpan L1Ttl { get; init; }

    /// <summary>How long the winner of a lease may take to fill: the method's deadline in whole seconds, at least 2.</summary>
    public required TimeSpan Lease { get; init; }

    /// <summary>Whether the caller's user id is part of the key.</summary>
    public required bool VaryByCaller { get; init; }

    /// <summary>The tables that the answer is made of; at least one.</summary>
    public required IReadOnlyList<TableDependency> DependsOn { get; init; }

    /// <summary>Request fields that do not change the answer.</summary>
    public required IReadOnlyList<string> IgnoredFields { get; init; }

    /// <summary>Whether the method is a list: its pages are invalidated together, by a version of the group.</summary>
    public bool IsList => Group.Count > 0;

    /// <summary>The fields that columns bind: of a list the group's, else all of the key.</summary>
    public IReadOnlyList<KeyField> BoundFields => IsList ? Group : Key;
}

namespace InstaGrpc.Contracts;

/// <summary>What a node's catalog says of a column.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Type">pg_type.typname of its base type: "int8", "text", "uuid" …</param>
/// <param name="InReplicaIdentity">Whether a DELETE in the change stream carries it.</param>
/// <param name="HasDeterministicCollation">False only for text under a nondeterministic collation.</param>
public sealed record ColumnFacts(string Name, string Type, bool InReplicaIdentity, bool HasDeterministicCollation = true);

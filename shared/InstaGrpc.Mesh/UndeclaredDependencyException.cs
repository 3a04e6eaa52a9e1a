namespace InstaGrpc.Mesh;

/// <summary>
/// The handler of a cached method read what its contract does not declare: its answer would go stale unseen. It is an error of the
/// service (INTERNAL), whose message is for its developers and names the line to add.
/// </summary>
public sealed class UndeclaredDependencyException : InvalidOperationException
{
    private UndeclaredDependencyException(string message)
        : base(message)
    {
    }

    internal static UndeclaredDependencyException Tables(string method, IReadOnlyCollection<string> tables, IReadOnlyList<string> fields) =>
        new($"{method} is cached and its handler reads {string.Join(" and ", tables)}, which its contract does not declare; add "
            + string.Join(" and ", tables.Select(t => $"`depends_on {{ table: \"{t}\" {string.Join(' ', fields.Select(Bind))} }}`"))
            + " to its cache, with the columns that hold these fields.");

    internal static UndeclaredDependencyException UncachedCall(string method, string called) =>
        new($"{method} is cached and its handler calls {called}, which is not: a change of that answer would not be seen. Give "
            + $"{called} a cache, "
            + $"or take the call out of {method}.");

    internal static UndeclaredDependencyException Nothing(string method) =>
        new($"{method} is cached, but its handler neither opens a session (INodeReads.OpenAsync) nor calls a cached method of "
            + $"the node: nobody "
            + "can tell what its answer depends on. Read through INodeReads, or remove `cache` from its contract.");

    internal static UndeclaredDependencyException Write(string method) =>
        new($"{method} is cached and its handler writes: the write would happen only sometimes. Remove `cache` from its "
            + $"contract, or the write.");

    private static string Bind(string field) => $"bind {{ field: \"{field}\" column: … }}";
}

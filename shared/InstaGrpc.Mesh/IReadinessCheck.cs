namespace InstaGrpc.Mesh;

/// <summary>
/// Something that services of this process need to answer. Checked every second; registered as a singleton of this interface
/// (<c>TryAddEnumerable</c>).
/// </summary>
public interface IReadinessCheck
{
    /// <summary>A short name for people: "postgres".</summary>
    string Name { get; }

    /// <summary>Full names of the services that need it; null: all of them, and the process is not ready without it.</summary>
    IReadOnlyCollection<string>? Services { get; }

    /// <summary>Looks. Null: it is there; otherwise why not, in words for an operator, without secrets.</summary>
    ValueTask<string?> CheckAsync(CancellationToken cancellation);
}

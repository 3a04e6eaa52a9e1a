namespace InstaGrpc.Postgres.Internal;

/// <summary>One concern of the doctor. Appends what it finds and stops no other check.</summary>
internal interface INodeCheck
{
    string Name { get; }

    ValueTask RunAsync(NodeExamination server, CancellationToken cancellation);
}

using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>Kafka is there when the lineages that run here read their streams. Reads work without it, so it keeps only this role's service from
/// serving.</summary>
internal sealed class KafkaReadiness(InvalidatorWorker worker) : IReadinessCheck
{
    public string Name => "kafka";

    public IReadOnlyCollection<string>? Services { get; } = [InvalidatorService.Descriptor.FullName];

    public ValueTask<string?> CheckAsync(CancellationToken cancellation) =>
        new(worker.Lineages.SelectMany(lineage => lineage.Unread).FirstOrDefault());
}

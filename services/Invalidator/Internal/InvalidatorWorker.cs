using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>Runs the lineages of all nodes.</summary>
internal sealed class InvalidatorWorker(IReadOnlyList<Lineage> lineages) : BackgroundService
{
    public IReadOnlyList<Lineage> Lineages => lineages;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(lineages.Select(lineage => lineage.RunAsync(stoppingToken)));
}

using InstaGrpc.ChangeLog;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// Looks how much WAL each node's slot makes PostgreSQL keep: also, and above all, while nobody publishes from it. Where the server cannot be asked the
/// last answer stands.
/// </summary>
internal sealed class SlotWal(
    NodePool pool, ChangeLogClient log, IEnumerable<PublisherStatus> statuses, IOptions<ChangesOptions> options, TimeProvider time) : BackgroundService
{
    private const string Query =
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots WHERE slot_name = $1 AND NOT pg_is_in_recovery()";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            foreach (var status in statuses)
            {
                await LookAsync(status, stoppingToken).ConfigureAwait(false);
            }

            await Task.Delay(options.Value.SlotInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(PublisherStatus status, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await pool.OpenAsync(status.Node, cancellation).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(Query, connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = PublicationName.Of(log.Options.Prefix, status.Node) });
            if (await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is long bytes)
            {
                status.HasKept(bytes);
            }
        }
        catch (Exception e) when (e is NpgsqlException or NodeUnavailableException or TimeoutException or OperationCanceledException)
        {
            // Whoever publishes says that the server is away.
        }
    }
}

using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Viral;

/// <summary>
/// Which posts of a node are viral: counted here, because the node's elected worker is the one place that sees every like of them, and written down beside
/// them, so that every process that answers about them finds it, and the next worker goes on. Not in the transaction that folds: a hint that comes a
/// second late or is lost makes no answer wrong.
/// </summary>
internal sealed partial class ViralWatch(
    NodeName node, NodePool pool, ProjectorOptions options, ProjectorMetrics metrics, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LikeRates _rates = new(options.ViralLikes, options.ViralCalmAfter);

    // Changed and not written yet. A row is set or not, so writing it again does no harm.
    private readonly HashSet<long> _viral = [];
    private readonly HashSet<long> _calm = [];

    public void Folded(IEnumerable<LoggedChange> changes)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            foreach (var change in changes)
            {
                if (change.Change.Row is { Table: "likes", Operation: RowOperation.Insert } row)
                {
                    _rates.Add(row.NewId("media_id"), DateTimeOffset.UnixEpoch.AddMicroseconds(change.Change.CommitTimeUs), now);
                }
            }
        }
    }

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var resumed = false;
        while (true)
        {
            try
            {
                if (!resumed)
                {
                    await ResumeAsync(cancellation).ConfigureAwait(false);
                    resumed = true;
                }

                await LookAsync(cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is NpgsqlException or NodeUnavailableException)
            {
                LogFailed(logger, node, e.Message);
            }

            await Task.Delay(_interval, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Takes over what a former worker has written.</summary>
    public async Task ResumeAsync(CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(ViralSql.Read, connection);
        var known = (long[])(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
        lock (_gate)
        {
            _rates.Resume(known, time.GetUtcNow());
        }
    }

    /// <summary>Looks at the rates, and writes what has changed.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            var (viral, calm) = _rates.Look(time.GetUtcNow());
            metrics.Turned(node, viral.Count, calm.Count);
            _viral.UnionWith(viral);
            _viral.ExceptWith(calm);
            _calm.UnionWith(calm);
            _calm.ExceptWith(viral);
        }

        await WriteAsync(ViralSql.Add, _viral, cancellation).ConfigureAwait(false);
        await WriteAsync(ViralSql.Remove, _calm, cancellation).ConfigureAwait(false);
    }

    private async Task WriteAsync(string sql, HashSet<long> posts, CancellationToken cancellation)
    {
        if (posts.Count > 0)
        {
            await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(sql, connection);
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. posts] });
            await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            posts.Clear();
        }
    }

    [LoggerMessage(1330, LogLevel.Warning, "Which posts of {Node} are viral could not be written down, trying again: {Reason}")]
    private static partial void LogFailed(ILogger logger, NodeName node, string reason);
}

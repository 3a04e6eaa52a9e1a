using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Projector.Internal;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Services.Projector;

/// <summary>
/// Derives anew from a node's rows what the projector keeps: after a gap in its stream, and by hand. It may run beside a living projector,
/// may be broken off and begun again at any point, and changes only rows that are wrong.
///
/// Counts: one statement a range of shards, under the lock of the row that every fold moves on. What the statement saw is stored as a
/// snapshot beside the counts; folds leave out records whose transaction is visible in it, and count the others. So each change is counted
/// once, by one of the two.
///
/// Edges: the two sides are read in the same order and compared. Where they differ, the truth is asked again under the lock of the target's
/// row: a fold may have been between. What is folded later sets or deletes again what is so already, in the stream's order.
///
/// Jobs, notifications and words: what is not there is added. Each has a key of its own, so that a fold that adds the same adds nothing.
/// </summary>
public sealed class ProjectionRebuild(NodePool pool, ShardRouter router, ProjectorOptions options, FanoutOptions fanout, TimeProvider time)
{
    // "proj" in ASCII; with the database it stands for "somebody counts here".
    private const long CountingLock = 0x70726f6a;

    /// <summary>All that is derived from <paramref name="source"/>, wherever it is.</summary>
    /// <exception cref="NodeUnavailableException">A node can't be reached; what was done stays, and is found right the next
    /// time.</exception>
    public async Task RunAsync(NodeName source, IProgress<RebuildProgress>? progress, CancellationToken cancellationToken)
    {
        var placement = await router.GetAsync(cancellationToken).ConfigureAwait(false);
        await CountAsync(source, progress, cancellationToken).ConfigureAwait(false);
        foreach (var target in pool.DataNodes)
        {
            foreach (var queries in new[] { EdgeQueries.Follows, EdgeQueries.Blocks })
            {
                var repair = new EdgeRepair(pool, source, target, placement, queries, options.RebuildEdges, fanout.PullAbove);
                await repair.RunAsync(progress, cancellationToken).ConfigureAwait(false);
            }

            await CountFollowersAsync(target, progress, cancellationToken).ConfigureAwait(false);
        }

        await new FeedRebuild(pool, source, placement, options, time).RunAsync(Ranges(), progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// After <paramref name="source"/> went back in time (restored, or a follower that lagged was promoted): every timeline is made anew.
    /// One that was built in the life that is lost lacks what was deleted or unfollowed in it, and nothing in the stream says that it is back.
    /// </summary>
    internal async Task DropTimelinesAsync(NodeName source, CancellationToken cancellationToken)
    {
        // One stays 7 days; activity is noted a little later than it was.
        var since = time.GetUtcNow().UtcDateTime - TimeSpan.FromDays(8);
        foreach (var target in pool.DataNodes)
        {
            foreach (var (first, last) in Ranges())
            {
                await using var connection = await pool.OpenAsync(target, cancellationToken).ConfigureAwait(false);
                await using var command = new NpgsqlCommand(
                    target == source ? FeedProjectionSql.DropAll : FeedProjectionSql.DropActive, connection) { CommandTimeout = 0 };
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = first });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = last });
                if (target != source)
                {
                    command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = since });
                }

                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Counts of the source's own rows, for a range of shards.</summary>
    /// <returns>Rows that changed.</returns>
    internal async Task<long> CountAsync(NodeName source, int first, int last, CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(source, cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        // Two rebuilds at once would mix their counts and snapshots; after a gap there is no row to lock.
        await ExecuteAsync(connection, transaction, $"SELECT pg_advisory_xact_lock({CountingLock})",
            cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(connection, transaction, ProjectionSql.LockSource, cancellationToken, TargetStore.Consumer,
            source.Value).ConfigureAwait(false);
        await using var count = new NpgsqlCommand(ProjectionSql.CountShards, connection, transaction) { CommandTimeout = 0 };
        count.Parameters.Add(new NpgsqlParameter<int> { TypedValue = first });
        count.Parameters.Add(new NpgsqlParameter<int> { TypedValue = last });
        count.Parameters.Add(new NpgsqlParameter<string> { TypedValue = TargetStore.Consumer });
        count.Parameters.Add(new NpgsqlParameter<string> { TypedValue = source.Value });
        var changed = (long)(await count.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return changed;
    }

    private async Task CountAsync(NodeName source, IProgress<RebuildProgress>? progress, CancellationToken cancellationToken)
    {
        var changed = 0L;
        foreach (var (first, last) in Ranges())
        {
            changed += await CountAsync(source, first, last, cancellationToken).ConfigureAwait(false);
            progress?.Report(new RebuildProgress(source, "counts", last + 1, InstaId.Shards, changed));
        }
    }

    private async Task CountFollowersAsync(NodeName target, IProgress<RebuildProgress>? progress, CancellationToken cancellationToken)
    {
        var changed = 0L;
        foreach (var (first, last) in Ranges())
        {
            await using var connection = await pool.OpenAsync(target, cancellationToken).ConfigureAwait(false);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            // Every source adds edges here: none of them may be between its edge and its count.
            await ExecuteAsync(connection, transaction, ProjectionSql.LockSources, cancellationToken,
                TargetStore.Consumer).ConfigureAwait(false);
            await using var count = new NpgsqlCommand(ProjectionSql.CountFollowers, connection, transaction) { CommandTimeout = 0 };
            count.Parameters.Add(new NpgsqlParameter<int> { TypedValue = first });
            count.Parameters.Add(new NpgsqlParameter<int> { TypedValue = last });
            count.Parameters.Add(new NpgsqlParameter<long> { TypedValue = fanout.PullAbove });
            changed += (long)(await count.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            progress?.Report(new RebuildProgress(target, "follower counts", last + 1, InstaId.Shards, changed));
        }
    }

    private IEnumerable<(int First, int Last)> Ranges()
    {
        for (var first = 0; first < InstaId.Shards; first += options.RebuildShards)
        {
            yield return (first, Math.Min(first + options.RebuildShards, InstaId.Shards) - 1);
        }
    }

    internal static async Task ExecuteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, CancellationToken cancellationToken,
            params string[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = 0 };
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = parameter });
        }

        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}

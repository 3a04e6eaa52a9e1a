using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Makes the inverse edges on one node what the edges of another say. For blocks, "followee" reads as the blocked user.</summary>
internal sealed class EdgeRepair(
    NodePool pool, NodeName source, NodeName target, ShardPlacement placement, EdgeQueries queries, int batchSize, long pullAbove)
{
    public async Task RunAsync(IProgress<RebuildProgress>? progress, CancellationToken cancellationToken)
    {
        var differing = new List<(long Followee, long Follower)>(batchSize);
        long seen = 0, changed = 0;
        await using var truth = await EdgeCursor.OpenAsync(
            pool, source, queries.ReadTruth, edge => placement.NodeOf(edge.Followee) == target, cancellationToken)
            .ConfigureAwait(false);
        await using var derived = await EdgeCursor.OpenAsync(
            pool, target, queries.ReadDerived, edge => placement.NodeOf(edge.Follower) == source, cancellationToken)
            .ConfigureAwait(false);
        while (truth.Current is not null || derived.Current is not null)
        {
            var order = truth.Current is null ? 1 : derived.Current is null ? -1 : truth.Current.Value.CompareTo(derived.Current.Value);
            if (order != 0)
            {
                differing.Add(order < 0 ? truth.Current!.Value : derived.Current!.Value);
            }

            if (order <= 0)
            {
                await truth.NextAsync(cancellationToken).ConfigureAwait(false);
            }

            if (order >= 0)
            {
                await derived.NextAsync(cancellationToken).ConfigureAwait(false);
            }

            if (differing.Count == batchSize)
            {
                changed += await RepairAsync(differing, cancellationToken).ConfigureAwait(false);
                differing.Clear();
            }

            if (++seen % 10_000 == 0)
            {
                progress?.Report(new RebuildProgress(source, queries.Step, seen, seen, changed));
            }
        }

        changed += await RepairAsync(differing, cancellationToken).ConfigureAwait(false);
        progress?.Report(new RebuildProgress(source, queries.Step, seen, seen, changed));
    }

    /// <summary>Makes a few edges what they are at the source now.</summary>
    private async Task<long> RepairAsync(List<(long Followee, long Follower)> edges, CancellationToken cancellationToken)
    {
        if (edges.Count == 0)
        {
            return 0;
        }

        await using var connection = await pool.OpenAsync(target, cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await ProjectionRebuild.ExecuteAsync(connection, transaction, ProjectionSql.LockSource, cancellationToken, TargetStore.Consumer,
            source.Value).ConfigureAwait(false);
        var there = await ExistingAsync(edges, cancellationToken).ConfigureAwait(false);
        await WriteAsync(queries.Add, edges.Where(there.Contains)).ConfigureAwait(false);
        await WriteAsync(queries.Remove, edges.Where(edge => !there.Contains(edge))).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return edges.Count;

        async Task WriteAsync(string sql, IEnumerable<(long Followee, long Follower)> some)
        {
            var list = some.ToList();
            if (list.Count > 0)
            {
                await using var command = EdgeCommand(sql, connection, transaction, list);
                if (queries.IsFollow && sql == queries.Add)
                {
                    command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = pullAbove });
                }

                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<HashSet<(long Followee, long Follower)>> ExistingAsync(
        List<(long Followee, long Follower)> edges, CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(source, cancellationToken).ConfigureAwait(false);
        await using var command = EdgeCommand(queries.Existing, connection, null, edges);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var there = new HashSet<(long, long)>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            there.Add((reader.GetInt64(0), reader.GetInt64(1)));
        }

        return there;
    }

    private static NpgsqlCommand EdgeCommand(
        string sql, NpgsqlConnection connection, NpgsqlTransaction? transaction, List<(long Followee, long Follower)> edges)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. edges.Select(edge => edge.Followee)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. edges.Select(edge => edge.Follower)] });
        return command;
    }
}

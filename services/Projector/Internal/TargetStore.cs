using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>What is derived from one source on one node, and how far.</summary>
/// <param name="pool">The nodes.</param>
/// <param name="source">Whose stream.</param>
/// <param name="target">Where it is written.</param>
/// <param name="placement">id -> node.</param>
/// <param name="pullAbove">Most followers of an author whose posts are pushed.</param>
/// <param name="time">For the ids of notifications.</param>
internal sealed class TargetStore(
    NodePool pool, NodeName source, NodeName target, Func<long, NodeName> placement, long pullAbove, TimeProvider time)
{
    public const string Consumer = "projector";

    private const int Attempts = 5;

    /// <summary>Null: nothing is derived there yet, or it is being derived anew.</summary>
    public StreamPosition? Position { get; private set; }

    public NodeName Target => target;

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(target, cancellationToken).ConfigureAwait(false);
        await using var command = Command(ProjectionSql.ReadPosition, connection, null);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        Position = await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? new StreamPosition(
                new ReplayPosition(new Timeline((uint)reader.GetInt64(0)), Lsn.Parse(reader.GetString(1)), (uint)reader.GetInt64(2)),
                reader.GetInt64(3),
                unchecked((ulong)reader.GetInt64(4)))
            : null;
    }

    /// <summary>
    /// Until the next <see cref="BeginAsync"/> there is no position: a worker that dies on the way finds none and derives anew, and one
    /// that was overtaken finds nothing to move on from.
    /// </summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(target, cancellationToken).ConfigureAwait(false);
        await using var command = Command(ProjectionSql.ForgetPosition, connection, null);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        Position = null;
    }

    /// <summary>Sets the position after deriving anew.</summary>
    /// <exception cref="ProjectorSupersededException">Somebody else has set it.</exception>
    public async Task BeginAsync(StreamPosition position, CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(target, cancellationToken).ConfigureAwait(false);
        await using var command = Command(ProjectionSql.InsertPosition, connection, null);
        AddPosition(command, position);
        if (await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) != 1)
        {
            throw new ProjectorSupersededException(source, target);
        }

        Position = position;
    }

    /// <summary>Writes what the records change here, and moves the position to <paramref name="to"/>, in one transaction.</summary>
    /// <param name="changes">In order; those at or before the position are left out.</param>
    /// <param name="traceparent">Put into the stream for the rows that change; null: none.</param>
    /// <param name="texts">What the rows say that the records name.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null: nothing was written but the position.</returns>
    /// <exception cref="ProjectorSupersededException">Somebody else moved the position.</exception>
    public async Task<Deltas?> ApplyAsync(
        IReadOnlyList<LoggedChange> changes, StreamPosition to, string? traceparent, SourceTexts texts, CancellationToken cancellationToken)
    {
        var position = Position ?? throw new InvalidOperationException($"No position of {source} on {target}.");
        if (position.Position >= to.Position && position.System == to.System)
        {
            return null;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var deltas = await ApplyOnceAsync(position, changes, to, traceparent, texts, cancellationToken).ConfigureAwait(false);
                Position = to;
                return deltas;
            }
            catch (PostgresException e) when (
                attempt < Attempts && e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                // Another source's worker writes the same users; rolled back, so it can be done again.
            }
        }
    }

    private async Task<Deltas?> ApplyOnceAsync(
        StreamPosition position, IReadOnlyList<LoggedChange> changes, StreamPosition to, string? traceparent, SourceTexts texts,
        CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(target, cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (var move = Command(ProjectionSql.MovePosition, connection, transaction))
        {
            AddPosition(move, to);
            move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position.Position.Timeline.Value });
            move.Parameters.Add(new NpgsqlParameter<string> { TypedValue = position.Position.Lsn.ToString() });
            move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position.Position.Index });
            move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = unchecked((long)position.System) });
            if (await move.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) != 1)
            {
                throw new ProjectorSupersededException(source, target);
            }
        }

        // After the row above is ours: a rebuild holds it while it counts, so its snapshots are seen here or come after this transaction.
        var wanted = changes
            .Where(change => change.End > position.Position && Fold.Concerns(change.Change))
            .Select(change => change.Change)
            .ToList();
        var fold = new Fold(source, target, placement,
            await SnapshotsAsync(connection, transaction, wanted, cancellationToken).ConfigureAwait(false), texts);
        wanted.ForEach(fold.Add);
        if (!fold.Deltas.IsEmpty)
        {
            var writer = new DeltaWriter(connection, transaction, pullAbove, time.GetUtcNow());
            await writer.WriteAsync(fold.Deltas, texts, traceparent, cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return fold.Deltas.IsEmpty ? null : fold.Deltas;
    }

    private async Task<IReadOnlyDictionary<int, SnapshotView>> SnapshotsAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, List<RowChange> changes, CancellationToken cancellationToken)
    {
        var snapshots = new Dictionary<int, SnapshotView>();
        if (source != target || changes.Count == 0)
        {
            return snapshots;
        }

        await using var command = Command(ProjectionSql.ReadSnapshots, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. changes.SelectMany(Fold.ShardsOf).Distinct()] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            snapshots.Add(reader.GetInt32(0), SnapshotView.Parse(reader.GetString(1)));
        }

        return snapshots;
    }

    private NpgsqlCommand Command(string sql, NpgsqlConnection connection, NpgsqlTransaction? transaction)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Consumer });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = source.Value });
        return command;
    }

    private static void AddPosition(NpgsqlCommand command, StreamPosition position)
    {
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position.Position.Timeline.Value });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = position.Position.Lsn.ToString() });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position.Position.Index });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position.Offset });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = unchecked((long)position.System) });
    }
}

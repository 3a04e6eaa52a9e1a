using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Derives anew from a node's rows: fan-out jobs, notifications and words. Adds what is missing; only words are also taken
/// away.</summary>
internal sealed class FeedRebuild(NodePool pool, NodeName source, ShardPlacement placement, ProjectorOptions options, TimeProvider time)
{
    private const int BatchSize = 500;

    private readonly SourceTextReader _texts = new(pool, source);

    public async Task RunAsync(
        IEnumerable<(int First, int Last)> ranges, IProgress<RebuildProgress>? progress, CancellationToken cancellationToken)
    {
        long jobs = 0, told = 0, words = 0;
        foreach (var (first, last) in ranges)
        {
            jobs += await AddJobsAsync(first, last, cancellationToken).ConfigureAwait(false);
            progress?.Report(new RebuildProgress(source, "fan-out jobs", last + 1, InstaId.Shards, jobs));
            told += await TellAsync(first, last, cancellationToken).ConfigureAwait(false);
            progress?.Report(new RebuildProgress(source, "notifications", last + 1, InstaId.Shards, told));
            words += await SetTermsAsync(first, last, cancellationToken).ConfigureAwait(false);
            progress?.Report(new RebuildProgress(source, "words", last + 1, InstaId.Shards, words));
        }
    }

    private async Task<long> AddJobsAsync(int first, int last, CancellationToken cancellationToken)
    {
        var since = InstaId.Compose(Math.Max(0, InstaId.MillisecondsAt(time.GetUtcNow() - options.JobRetention)), 0, 0);
        await using var connection = await pool.OpenAsync(source, cancellationToken).ConfigureAwait(false);
        await using var command = Ranged(FeedProjectionSql.AddMissingJobs, connection, first, last);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = since });
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<long> TellAsync(int first, int last, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow().UtcDateTime - options.RebuildNotifications;
        var added = 0L;
        foreach (var sql in new[] { FeedProjectionSql.LikesUntold, FeedProjectionSql.CommentsUntold, FeedProjectionSql.FollowsSince })
        {
            added += await InBatchesAsync(
                sql,
                static reader => new NotifiedEvent(
                    (NotificationKind)reader.GetInt16(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
                    reader.GetDateTime(5)),
                AddEventsAsync).ConfigureAwait(false);
        }

        added += await InBatchesAsync(
            FeedProjectionSql.TextsSince,
            static reader => (
                Author: reader.GetInt64(0), Media: reader.GetInt64(1), Comment: reader.GetInt64(2), Text: reader.GetString(3), At: reader.GetDateTime(4)),
            async written =>
            {
                var texts = new SourceTexts();
                await _texts.ResolveAsync([.. written.Select(text => (text.Media, text.Comment, text.Text, text.At))], texts, cancellationToken)
                    .ConfigureAwait(false);
                return await AddEventsAsync([
                    .. written.SelectMany(text => texts.MentionsIn(text.Media, text.Comment).Select(user =>
                        new NotifiedEvent(NotificationKind.Mention, user, text.Author, text.Media, text.Comment, text.At))),
                ]).ConfigureAwait(false);
            }).ConfigureAwait(false);
        return added;

        async Task<long> InBatchesAsync<T>(string sql, Func<NpgsqlDataReader, T> read, Func<List<T>, Task<long>> write)
        {
            await using var connection = await pool.OpenAsync(source, cancellationToken).ConfigureAwait(false);
            await using var command = Ranged(sql, connection, first, last);
            command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = since });
            return await WriteInBatchesAsync(command, read, write, cancellationToken).ConfigureAwait(false);
        }

        async Task<long> AddEventsAsync(List<NotifiedEvent> events)
        {
            var changed = 0L;
            foreach (var some in events.GroupBy(told => told.User == 0 ? source : placement.NodeOf(told.User)))
            {
                changed += await WriteAsync(
                    some.Key,
                    (connection, transaction, batch) => new DeltaWriter(connection, transaction, 0, time.GetUtcNow()).AddEvents(batch, [.. some]),
                    cancellationToken).ConfigureAwait(false);
            }

            return changed;
        }
    }

    private async Task<long> SetTermsAsync(int first, int last, CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(source, cancellationToken).ConfigureAwait(false);
        await using var command = Ranged(FeedProjectionSql.Searchable, connection, first, last);
        return await WriteInBatchesAsync(
            command,
            static reader => (Kind: (SearchKind)reader.GetInt16(0), Id: reader.GetInt64(1)),
            async found =>
            {
                await using var target = await pool.OpenAsync(source, cancellationToken).ConfigureAwait(false);
                await using var transaction = await target.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                // Texts are read after this: no fold can have written the words of newer ones before they are written here.
                await ProjectionRebuild.ExecuteAsync(
                    target, transaction, ProjectionSql.LockSource, cancellationToken, TargetStore.Consumer, source.Value).ConfigureAwait(false);
                var texts = await _texts.ReadAsync(
                    [.. found.Where(one => one.Kind == SearchKind.User).Select(one => one.Id)],
                    [.. found.Where(one => one.Kind == SearchKind.Post).Select(one => one.Id)],
                    cancellationToken).ConfigureAwait(false);
                await using var batch = new NpgsqlBatch(target, transaction);
                DeltaWriter.AddTerms(batch, found, texts);
                var changed = await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return Math.Max(0, changed);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<long> WriteAsync(
        NodeName target, Action<NpgsqlConnection, NpgsqlTransaction, NpgsqlBatch> add, CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(target, cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var batch = new NpgsqlBatch(connection, transaction);
        add(connection, transaction, batch);
        var changed = await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return Math.Max(0, changed);
    }

    private static async Task<long> WriteInBatchesAsync<T>(
        NpgsqlCommand command, Func<NpgsqlDataReader, T> read, Func<List<T>, Task<long>> write, CancellationToken cancellationToken)
    {
        var changed = 0L;
        var batch = new List<T>(BatchSize);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            batch.Add(read(reader));
            if (batch.Count == BatchSize)
            {
                changed += await write(batch).ConfigureAwait(false);
                batch.Clear();
            }
        }

        return batch.Count > 0 ? changed + await write(batch).ConfigureAwait(false) : changed;
    }

    private static NpgsqlCommand Ranged(string sql, NpgsqlConnection connection, int first, int last)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = first });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = last });
        return command;
    }
}

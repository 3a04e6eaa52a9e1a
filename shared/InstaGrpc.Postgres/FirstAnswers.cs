using Google.Protobuf;
using Npgsql;
using NpgsqlTypes;

namespace InstaGrpc.Postgres;

/// <summary>
/// Makes a write that its caller repeats (the same user, the same request_id) happen once: the first answer is stored in the write's
/// transaction, and given again while it is kept (<see cref="PostgresOptions.RequestRetention"/>).
/// </summary>
public sealed class FirstAnswers(PostgresOptions options)
{
    // A duplicate that runs at the same time waits here for the first one's end: committed, it finds its row; rolled back, it is the first.
    // An answer past its time is replaced.
    private const string ClaimSql = """
        INSERT INTO requests AS r (routing_id, user_id, request_id, method) VALUES ($1, $2, $3, $4)
        ON CONFLICT (routing_id, user_id, request_id) DO UPDATE SET method = excluded.method, answer = NULL, created_at = now()
        WHERE r.created_at < now() - $5
        """;

    private const string AnswerSql = "SELECT method, answer FROM requests WHERE routing_id = $1 AND user_id = $2 AND request_id = $3";

    private const string StoreSql = "UPDATE requests SET answer = $4 WHERE routing_id = $1 AND user_id = $2 AND request_id = $3";

    // The time is asked twice: a row that was claimed anew between the two looks is another row by then.
    private const string SweepSql = """
        DELETE FROM requests WHERE created_at < now() - $1
        AND ctid = ANY (ARRAY (SELECT ctid FROM requests WHERE created_at < now() - $1 LIMIT 1000))
        """;

    /// <summary>Runs <paramref name="write"/> in the transaction and stores its answer, or gives the stored one.</summary>
    /// <exception cref="RequestIdReusedException">The request_id stands for another method's write.</exception>
    public async ValueTask<T> OnceAsync<T>(
        NpgsqlTransaction transaction, RequestKey key, Func<CancellationToken, ValueTask<T>> write, CancellationToken cancellation)
        where T : IMessage<T>, new()
    {
        var connection = transaction.Connection!;
        await using var claim = Command(connection, ClaimSql, key);
        claim.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.Method });
        claim.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.RequestRetention, NpgsqlDbType = NpgsqlDbType.Interval });
        if (await claim.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false) == 0)
        {
            return await StoredAsync<T>(connection, key, cancellation).ConfigureAwait(false);
        }

        var answer = await write(cancellation).ConfigureAwait(false);
        await using var store = Command(connection, StoreSql, key);
        store.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = answer.ToByteArray() });
        await store.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return answer;
    }

    /// <summary>Deletes the answers of a node that are past their time, 1,000 at a time.</summary>
    public async ValueTask SweepAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var sweep = new NpgsqlCommand(SweepSql, connection);
        sweep.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.RequestRetention, NpgsqlDbType = NpgsqlDbType.Interval });
        while (await sweep.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false) > 0)
        {
        }
    }

    private static async ValueTask<T> StoredAsync<T>(NpgsqlConnection connection, RequestKey key, CancellationToken cancellation)
        where T : IMessage<T>, new()
    {
        await using var stored = Command(connection, AnswerSql, key);
        await using var reader = await stored.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        var method = reader.GetString(0);
        if (method != key.Method)
        {
            throw new RequestIdReusedException(key.RequestId, method);
        }

        var answer = new T();
        answer.MergeFrom(reader.GetFieldValue<byte[]>(1));
        return answer;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, RequestKey key)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key.RoutingId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key.UserId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.RequestId });
        return command;
    }
}

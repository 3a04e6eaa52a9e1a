using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>
/// Names in the directory. A name is claimed for a user id before the user is made and confirmed after it, by steps that can each be repeated.
/// </summary>
internal sealed class NameClaims(INodeReads reads, INodeWrites writes, PostgresOptions postgres, FeedOptions options)
{
    /// <summary>The name's confirmed user; null: there is none.</summary>
    public async ValueTask<long?> ResolveAsync(string name, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(GraphSql.Resolve, new NpgsqlParameter<string> { TypedValue = name });
        return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) as long?;
    }

    /// <summary>Claims the name for <paramref name="user"/>, or goes on with the claim that the same request made before.</summary>
    /// <returns>The user id that holds the claim now.</returns>
    /// <exception cref="AlreadyExistsException">The name is taken, or is being taken at this moment.</exception>
    public async ValueTask<long> ClaimAsync(string name, long user, string requestId, CancellationToken cancellation)
    {
        var (holder, isOurs, isAbandoned) = await writes.RunAsync(
            NodePool.DirectoryNode,
            async (connection, transaction, ct) =>
            {
                await using var claim = Command(GraphSql.Claim, connection, transaction, name);
                claim.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
                claim.Parameters.Add(new NpgsqlParameter<string> { TypedValue = requestId });
                return await claim.ExecuteNonQueryAsync(ct).ConfigureAwait(false) == 1
                    ? (user, true, false)
                    : await HolderAsync(connection, transaction, name, requestId, ct).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
        if (!isAbandoned)
        {
            return isOurs ? holder : throw Taken(name);
        }

        if (await LivesAsync(holder, name, cancellation).ConfigureAwait(false))
        {
            // Its maker ended between the user and the confirmation: done for him.
            await ConfirmAsync(name, holder, cancellation).ConfigureAwait(false);
            return isOurs ? holder : throw Taken(name);
        }

        return await writes.RunAsync(
            NodePool.DirectoryNode,
            async (connection, transaction, ct) =>
            {
                await using var take = Command(GraphSql.TakeClaim, connection, transaction, name);
                take.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
                take.Parameters.Add(new NpgsqlParameter<string> { TypedValue = requestId });
                take.Parameters.Add(new NpgsqlParameter<long> { TypedValue = holder });
                return await take.ExecuteNonQueryAsync(ct).ConfigureAwait(false) == 1 ? user : throw Taken(name);
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>From now on the name resolves. Doing it again does nothing.</summary>
    public async ValueTask ConfirmAsync(string name, long user, CancellationToken cancellation) => await writes.RunAsync(
        NodePool.DirectoryNode,
        async (connection, transaction, ct) =>
        {
            await using var confirm = Command(GraphSql.Confirm, connection, transaction, name);
            confirm.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
            return await confirm.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        },
        cancellation).ConfigureAwait(false);

    public static AlreadyExistsException Taken(string name) => new($"the name {name} is taken");

    private async ValueTask<(long Holder, bool IsOurs, bool IsAbandoned)> HolderAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string name, string requestId, CancellationToken cancellation)
    {
        await using var state = Command(GraphSql.ClaimOf, connection, transaction, name);
        state.Parameters.Add(new NpgsqlParameter<string> { TypedValue = requestId });
        state.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = postgres.RequestRetention });
        state.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.ClaimLifetime });
        await using var reader = await state.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        return (reader.GetInt64(0), reader.GetBoolean(1), reader.GetBoolean(2));
    }

    /// <summary>
    /// Whether the holder's user exists. If not, it never will: a tombstone takes its id, so that a claimer who was only slow can't make the user
    /// after the name went to somebody else.
    /// </summary>
    private ValueTask<bool> LivesAsync(long holder, string name, CancellationToken cancellation) => writes.RunAsync(
        holder,
        async (connection, transaction, ct) =>
        {
            await using var tombstone = new NpgsqlCommand(GraphSql.InsertTombstone, connection, transaction);
            tombstone.Parameters.Add(new NpgsqlParameter<long> { TypedValue = holder });
            tombstone.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
            if (await tombstone.ExecuteNonQueryAsync(ct).ConfigureAwait(false) == 1)
            {
                return false;
            }

            await using var exists = new NpgsqlCommand(GraphSql.Exists, connection, transaction);
            exists.Parameters.Add(new NpgsqlParameter<long> { TypedValue = holder });
            return (bool)(await exists.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        },
        cancellation);

    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, string name)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return command;
    }
}

using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>Hashes of passwords, each on its user's shard.</summary>
internal sealed class Credentials(INodeReads reads, INodeWrites writes)
{
    /// <summary>Null: the user has no password, or there is no such user.</summary>
    public ValueTask<PasswordHash?> FindAsync(long user, CancellationToken cancellation) => reads.ReadAsync(
        user,
        async (connection, ct) =>
        {
            await using var command = new NpgsqlCommand(CredentialSql.Get, connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
            await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            return await reader.ReadAsync(ct).ConfigureAwait(false)
                ? new PasswordHash(reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), reader.GetFieldValue<byte[]>(2))
                : null;
        },
        cancellation);

    /// <summary>A new user's password. False: he has one.</summary>
    public async ValueTask<bool> AddAsync(long user, PasswordHash hash, CancellationToken cancellation) =>
        await RunAsync(CredentialSql.Insert, user, hash, null, cancellation).ConfigureAwait(false) == 1;

    /// <summary>The same password under a stronger hash, unless it was changed meanwhile.</summary>
    public async ValueTask RenewAsync(long user, PasswordHash hash, PasswordHash former, CancellationToken cancellation) =>
        await RunAsync(CredentialSql.Renew, user, hash, former, cancellation).ConfigureAwait(false);

    private ValueTask<int> RunAsync(string sql, long user, PasswordHash hash, PasswordHash? former, CancellationToken cancellation) =>
        writes.RunAsync(
            user,
            async (connection, transaction, ct) =>
            {
                await using var command = new NpgsqlCommand(sql, connection, transaction);
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = PasswordHash.Algorithm });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = hash.Iterations });
                command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash.Salt });
                command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash.Hash });
                if (former is not null)
                {
                    command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = former.Hash });
                }

                return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            },
            cancellation);
}

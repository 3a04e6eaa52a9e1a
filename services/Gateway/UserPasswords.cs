using InstaGrpc.Postgres;
using InstaGrpc.Services.Gateway.Sessions;
using Npgsql;

namespace InstaGrpc.Services.Gateway;

/// <summary>Sets passwords without the former one: for operators, and for the users of the demo.</summary>
public sealed class UserPasswords(INodeWrites writes, GatewayOptions options)
{
    // What everybody knows needs no protection against guessing; the first sign-in stores a full hash.
    private const int KnownIterations = 1;

    /// <summary>Gives a user who has no password one that everybody knows.</summary>
    /// <exception cref="NodeUnavailableException">His node can't be written now.</exception>
    public async ValueTask AddKnownAsync(long user, string password, CancellationToken cancellation) => await writes.RunAsync(
        user,
        async (connection, transaction, ct) =>
        {
            await using var add = Command(CredentialSql.Insert, connection, transaction, user, PasswordHash.Of(password, KnownIterations));
            return await add.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        },
        cancellation).ConfigureAwait(false);

    /// <summary>Sets a user's password and ends all sessions that he has.</summary>
    /// <exception cref="NodeUnavailableException">His node can't be written now.</exception>
    public async ValueTask SetAsync(long user, string password, CancellationToken cancellation)
    {
        var hash = PasswordHash.Of(password, options.PasswordIterations);
        await writes.RunAsync(
            user,
            async (connection, transaction, ct) =>
            {
                await using (var set = Command(CredentialSql.Set, connection, transaction, user, hash))
                {
                    await set.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
                }

                await using var revoke = new NpgsqlCommand(CredentialSql.RevokeAll, connection, transaction);
                revoke.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
                return await revoke.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
    }

    private static NpgsqlCommand Command(
        string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, long user, PasswordHash hash)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = PasswordHash.Algorithm });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = hash.Iterations });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash.Salt });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash.Hash });
        return command;
    }
}

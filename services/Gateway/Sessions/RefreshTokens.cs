using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>
/// Sessions as families of refresh tokens. Each use of a token makes the next generation; a token of an older one that comes back was copied, and
/// nobody can tell the thief from the owner, so the whole family ends (RFC 9700, 4.14.2).
/// </summary>
internal sealed class RefreshTokens(INodeWrites writes, GatewayKeys keys, GatewayOptions options)
{
    /// <summary>A new session's first token.</summary>
    public async ValueTask<string> BeginAsync(long user, CancellationToken cancellation)
    {
        var token = new RefreshToken(user, Guid.NewGuid(), 0);
        await writes.RunAsync(
            user,
            async (connection, transaction, ct) =>
            {
                await using (var begin = Command(CredentialSql.BeginFamily, connection, transaction, token))
                {
                    begin.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.RefreshTokenLifetime });
                    await begin.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
                }

                await using var end = new NpgsqlCommand(CredentialSql.EndOld, connection, transaction);
                end.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
                return await end.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
        return token.Write((await keys.GetAsync(cancellation).ConfigureAwait(false)).Secret);
    }

    /// <summary>The next token of a session. Null: this one is none, has ended, or came back, which ends its session.</summary>
    public async ValueTask<(long User, string Next)?> RotateAsync(string text, CancellationToken cancellation)
    {
        var secret = (await keys.GetAsync(cancellation).ConfigureAwait(false)).Secret;
        if (!RefreshToken.TryRead(text, secret, out var token))
        {
            return null;
        }

        var generation = await writes.RunAsync(
            token.User, (connection, transaction, ct) => NextAsync(connection, transaction, token, ct), cancellation).ConfigureAwait(false);
        return generation is { } next ? (token.User, (token with { Generation = next }).Write(secret)) : null;
    }

    private async ValueTask<int?> NextAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, RefreshToken token, CancellationToken cancellation)
    {
        int newest;
        bool isRecent;
        await using (var find = Command(CredentialSql.Lock, connection, transaction, token))
        {
            find.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.RefreshGrace });
            await using var reader = await find.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            if (!await reader.ReadAsync(cancellation).ConfigureAwait(false) || reader.GetBoolean(2))
            {
                return null;
            }

            (newest, isRecent) = (reader.GetInt32(0), reader.GetBoolean(1));
        }

        if (token.Generation == newest)
        {
            await using var rotate = Command(CredentialSql.Rotate, connection, transaction, token);
            rotate.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.RefreshTokenLifetime });
            await rotate.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            return newest + 1;
        }

        if (token.Generation == newest - 1 && isRecent)
        {
            return newest;
        }

        await using var revoke = Command(CredentialSql.Revoke, connection, transaction, token);
        await revoke.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return null;
    }

    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, RefreshToken token)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = token.User });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = token.Family });
        return command;
    }
}

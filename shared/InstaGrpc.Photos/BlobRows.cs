using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Photos;

/// <summary>What the databases know of blobs: that they are stored, how large they are, and who holds them.</summary>
public sealed class BlobRows(INodeWrites writes)
{
    /// <summary>Makes the row, before the bytes are stored. True: they are stored already, and will stay for
    /// <see cref="PhotoOptions.UnreferencedLifetime"/> at least.</summary>
    public ValueTask<bool> RegisterAsync(BlobId blob, PhotoFacts facts, CancellationToken cancellation) => RunAsync(
        blob,
        BlobSql.Register,
        async (command, ct) => (bool)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!,
        cancellation,
        new NpgsqlParameter<short> { TypedValue = (short)facts.Format },
        new NpgsqlParameter<int> { TypedValue = facts.Width },
        new NpgsqlParameter<int> { TypedValue = facts.Height },
        new NpgsqlParameter<long> { TypedValue = facts.Length });

    /// <summary>Says that the bytes are stored.</summary>
    public ValueTask<bool> StoredAsync(BlobId blob, CancellationToken cancellation) => RunAsync(blob, BlobSql.Stored, ChangedAsync, cancellation);

    /// <summary>Holds the blob for a post, or for a user's avatar, before that is made. Holding it twice is holding it once.</summary>
    /// <returns>Its size; null: there is no such blob.</returns>
    public ValueTask<(int Width, int Height)?> HoldAsync(BlobId blob, long owner, CancellationToken cancellation) => RunAsync(
        blob,
        BlobSql.Hold,
        async (command, ct) =>
        {
            await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            return await reader.ReadAsync(ct).ConfigureAwait(false) ? (reader.GetInt32(0), reader.GetInt32(1)) : ((int, int)?)null;
        },
        cancellation,
        new NpgsqlParameter<long> { TypedValue = owner });

    /// <summary>Perhaps holds it no more: <see cref="BlobSweep"/> looks in a while whether the holder still does.</summary>
    public ValueTask<bool> DoubtAsync(BlobId blob, long owner, CancellationToken cancellation) =>
        RunAsync(blob, BlobSql.Doubt, ChangedAsync, cancellation, new NpgsqlParameter<long> { TypedValue = owner });

    private static async ValueTask<bool> ChangedAsync(NpgsqlCommand command, CancellationToken cancellation) =>
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false) > 0;

    private ValueTask<T> RunAsync<T>(
        BlobId blob, string sql, Func<NpgsqlCommand, CancellationToken, ValueTask<T>> run, CancellationToken cancellation, params NpgsqlParameter[] more) =>
        writes.RunAsync(
            blob.RoutingId,
            async (connection, transaction, ct) =>
            {
                await using var command = new NpgsqlCommand(sql, connection, transaction);
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = blob.RoutingId });
                command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = blob.Bytes });
                // Cloned: a serialization failure runs this once more.
                foreach (var parameter in more)
                {
                    command.Parameters.Add(parameter.Clone());
                }

                return await run(command, ct).ConfigureAwait(false);
            },
            cancellation);
}

using InstaGrpc.Contracts.Ids;
using Npgsql;
using NpgsqlTypes;

namespace InstaGrpc.Ratios.Fanout;

/// <summary>Authors whom the same people follow, one less than the tier "active first" begins with, written to the node by COPY before anything
/// reads its stream: rows and what is derived from them alike.</summary>
internal sealed class FanoutPeople
{
    public const int Followers = 9_999;
    public const int Authors = 50;

    private int _posts;

    /// <summary>Ascending, as pages go through them.</summary>
    public long[] Readers { get; } =
        [.. Enumerable.Range(0, Followers).Select(static n => InstaId.Compose(20_000, n % InstaId.Shards, n / InstaId.Shards)).Order()];

    public long[] AuthorIds { get; } = [.. Enumerable.Range(0, Authors).Select(static n => InstaId.Compose(10_000, n, 0))];

    /// <summary>Ids of posts by the authors in turn, newer than any before.</summary>
    public (long Id, long Author)[] NewPosts(int count, DateTimeOffset now)
    {
        var milliseconds = InstaId.MillisecondsAt(now);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var n = _posts++;
            var author = AuthorIds[n % Authors];
            return (InstaId.Compose(milliseconds, new InstaId(author).Shard, n / Authors % InstaId.Sequences), author);
        })];
    }

    public async Task WriteAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await CopyAsync("users (id, name)", Readers.Concat(AuthorIds), static (row, user, ct) => NameAsync(row, user, ct)).ConfigureAwait(false);
        var edges = AuthorIds.SelectMany(author => Readers.Select(reader => (Reader: reader, Author: author)));
        await CopyAsync("follows (follower_id, followee_id)", edges, static (row, edge, ct) => PairAsync(row, edge.Reader, edge.Author, ct))
            .ConfigureAwait(false);
        await CopyAsync("followers (followee_id, follower_id)", edges, static (row, edge, ct) => PairAsync(row, edge.Author, edge.Reader, ct))
            .ConfigureAwait(false);
        await CopyAsync("user_counts (user_id, followers)", AuthorIds, static (row, author, ct) => PairAsync(row, author, Followers, ct))
            .ConfigureAwait(false);
        await CopyAsync("user_counts (user_id, following)", Readers, static (row, reader, ct) => PairAsync(row, reader, Authors, ct))
            .ConfigureAwait(false);
        await using var analyze = new NpgsqlCommand("ANALYZE users, follows, followers, user_counts", connection);
        await analyze.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);

        async Task CopyAsync<T>(string table, IEnumerable<T> rows, Func<NpgsqlBinaryImporter, T, CancellationToken, Task> write)
        {
            await using var import = await connection.BeginBinaryImportAsync($"COPY {table} FROM STDIN (FORMAT binary)", cancellation)
                .ConfigureAwait(false);
            foreach (var row in rows)
            {
                await import.StartRowAsync(cancellation).ConfigureAwait(false);
                await write(import, row, cancellation).ConfigureAwait(false);
            }

            await import.CompleteAsync(cancellation).ConfigureAwait(false);
        }

        static async Task NameAsync(NpgsqlBinaryImporter row, long user, CancellationToken ct)
        {
            await row.WriteAsync(user, NpgsqlDbType.Bigint, ct).ConfigureAwait(false);
            await row.WriteAsync($"user{user}", NpgsqlDbType.Text, ct).ConfigureAwait(false);
        }

        static async Task PairAsync(NpgsqlBinaryImporter row, long first, long second, CancellationToken ct)
        {
            await row.WriteAsync(first, NpgsqlDbType.Bigint, ct).ConfigureAwait(false);
            await row.WriteAsync(second, NpgsqlDbType.Bigint, ct).ConfigureAwait(false);
        }
    }
}

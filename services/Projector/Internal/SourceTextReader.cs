using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Reads <see cref="SourceTexts"/>.</summary>
internal sealed class SourceTextReader(NodePool pool, NodeName source)
{
    // A name is confirmed after its user's id was made, and ids may run ahead of the clock.
    private static readonly TimeSpan _slack = TimeSpan.FromMinutes(1);

    /// <summary>Of the rows that these records name.</summary>
    public async Task<SourceTexts> ReadAsync(IEnumerable<RowChange> changes, CancellationToken cancellationToken)
    {
        HashSet<long> users = [], posts = [], commented = [], comments = [];
        foreach (var row in changes.Select(change => change.Row))
        {
            switch (row.Table)
            {
                case "users":
                    users.Add(row.NewId("id"));
                    users.Add(row.OldId("id"));
                    break;
                case "media":
                    posts.Add(row.NewId("id"));
                    posts.Add(row.OldId("id"));
                    break;
                case "comments" when row.Operation != RowOperation.Delete:
                    commented.Add(row.NewId("media_id"));
                    comments.Add(row.NewId("id"));
                    break;
            }
        }

        return users.Count + posts.Count + comments.Count == 0
            ? SourceTexts.None
            : await ReadAsync(users, posts, commented, comments, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Names and captions alone.</summary>
    public Task<SourceTexts> ReadAsync(HashSet<long> users, HashSet<long> posts, CancellationToken cancellationToken) =>
        ReadAsync(users, posts, [], [], cancellationToken);

    /// <summary>The users whom a text mentions, as the directory has their names now, if they were there when it was written.</summary>
    public async Task ResolveAsync(
        IReadOnlyCollection<(long Media, long Comment, string Text, DateTime At)> written, SourceTexts texts, CancellationToken cancellationToken)
    {
        var mentions = written
            .Select(text => (text.Media, text.Comment, text.At, Names: MentionNames.In(text.Text)))
            .Where(text => text.Names.Count > 0)
            .ToList();
        if (mentions.Count == 0)
        {
            return;
        }

        var ids = await IdsAsync([.. mentions.SelectMany(text => text.Names.SelectMany(static spellings => spellings)).Distinct()], cancellationToken)
            .ConfigureAwait(false);
        foreach (var text in mentions)
        {
            texts.Mentions[(text.Media, text.Comment)] =
            [
                .. text.Names
                    .Select(spellings => spellings.Select(name => ids.GetValueOrDefault(name)).FirstOrDefault(static id => id != 0))
                    .Where(id => id != 0 && new InstaId(id).Time <= text.At + _slack)
                    .Distinct(),
            ];
        }
    }

    private async Task<SourceTexts> ReadAsync(
        HashSet<long> users, HashSet<long> posts, HashSet<long> commented, HashSet<long> comments, CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(source, cancellationToken).ConfigureAwait(false);
        var texts = new SourceTexts();
        await using (var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command(FeedProjectionSql.Names, users), Command(FeedProjectionSql.Captions, posts),
                Command(FeedProjectionSql.Comments, commented, comments),
            },
        })
        {
            await ReadAsync(batch, texts, cancellationToken).ConfigureAwait(false);
        }

        return texts;

        static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<HashSet<long>> ids)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var some in ids)
            {
                command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. some] });
            }

            return command;
        }
    }

    private async Task ReadAsync(NpgsqlBatch batch, SourceTexts texts, CancellationToken cancellationToken)
    {
        List<(long Media, long Comment, string Text, DateTime At)> written = [];
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                texts.Names[reader.GetInt64(0)] = reader.GetString(1);
            }

            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                texts.Captions[reader.GetInt64(0)] = reader.GetString(1);
                written.Add((reader.GetInt64(0), 0, reader.GetString(1), reader.GetDateTime(2)));
            }

            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                written.Add((reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2), reader.GetDateTime(3)));
            }
        }

        await ResolveAsync(written, texts, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Dictionary<string, long>> IdsAsync(string[] names, CancellationToken cancellationToken)
    {
        await using var connection = await pool.OpenAsync(NodePool.DirectoryNode, cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FeedProjectionSql.ResolveNames, connection);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = names });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var ids = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            ids[reader.GetString(0)] = reader.GetInt64(1);
        }

        return ids;
    }
}

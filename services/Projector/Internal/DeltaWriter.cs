using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Writes what a batch changes on one node: one round trip, in the order in which every writer takes its rows.</summary>
/// <param name="pullAbove">Most followers of an author whose posts are pushed.</param>
/// <param name="now">The time that new notifications get.</param>
internal sealed class DeltaWriter(NpgsqlConnection connection, NpgsqlTransaction transaction, long pullAbove, DateTimeOffset now)
{
    /// <param name="deltas">What changes.</param>
    /// <param name="texts">The words of what is searched.</param>
    /// <param name="traceparent">Put into the stream for the rows that change; null: none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task WriteAsync(Deltas deltas, SourceTexts texts, string? traceparent, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (traceparent is not null)
        {
            // Into the stream, and into the jobs that this transaction makes.
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                "SELECT pg_logical_emit_message(true, 'insta.trace', $1), set_config('insta.trace', $1, true)")
            {
                Parameters = { new NpgsqlParameter<string> { TypedValue = traceparent } },
            });
        }

        AddCounts(batch, deltas);
        AddSets(batch, deltas);
        AddEvents(batch, deltas.Events);
        AddTerms(batch, deltas.Searched, texts);
        if (deltas.Edges.Count + deltas.Blocks.Count + deltas.Posts.Count > 0)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(NodeNotifications.AnnounceSql(NodeChannel.Fanout)));
        }

        if (deltas.Events.Count > 0)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(NodeNotifications.AnnounceSql(NodeChannel.Notifications)));
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Adds the notifications that are not there yet.</summary>
    public void AddEvents(NpgsqlBatch batch, IReadOnlyCollection<NotifiedEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(FeedProjectionSql.AddNotifications);
        command.Parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [.. events.Select(told => (short)told.Kind)] });
        AddIds(command, events.Select(told => told.User));
        AddIds(command, events.Select(told => told.Actor));
        AddIds(command, events.Select(told => told.Media));
        AddIds(command, events.Select(told => told.Comment));
        command.Parameters.Add(new NpgsqlParameter<DateTime[]> { TypedValue = [.. events.Select(told => told.At)] });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = InstaId.MillisecondsAt(now) * InstaId.Sequences });
        batch.BatchCommands.Add(command);
    }

    /// <summary>Makes the words of users and posts what their rows say.</summary>
    public static void AddTerms(NpgsqlBatch batch, IReadOnlyCollection<(SearchKind Kind, long Id)> searched, SourceTexts texts)
    {
        if (searched.Count == 0)
        {
            return;
        }

        var terms = searched.SelectMany(found => WordsOf(found).Select(word => (found.Kind, found.Id, Word: word))).ToList();
        var command = new NpgsqlBatchCommand(FeedProjectionSql.SetTerms);
        command.Parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [.. searched.Select(found => (short)found.Kind)] });
        AddIds(command, searched.Select(found => found.Id));
        command.Parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [.. terms.Select(term => (short)term.Kind)] });
        AddIds(command, terms.Select(term => term.Id));
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. terms.Select(term => term.Word)] });
        batch.BatchCommands.Add(command);

        IEnumerable<string> WordsOf((SearchKind Kind, long Id) found) => found.Kind switch
        {
            SearchKind.User => texts.Names.TryGetValue(found.Id, out var name) ? [name] : [],
            _ => texts.Captions.TryGetValue(found.Id, out var caption) ? SearchWords.Of(caption) : [],
        };
    }

    private static void AddCounts(NpgsqlBatch batch, Deltas deltas)
    {
        Add(
            batch, ProjectionSql.AddMediaCounts, deltas.Media.Keys, deltas.Media.Values.Select(count => count.Likes),
            deltas.Media.Values.Select(count => count.Comments));
        Add(batch, ProjectionSql.BuryMediaCounts, deltas.Buried);
        Add(
            batch, ProjectionSql.AddUserCounts, deltas.Users.Keys, deltas.Users.Values.Select(count => count.Media),
            deltas.Users.Values.Select(count => count.Following));
    }

    private void AddSets(NpgsqlBatch batch, Deltas deltas)
    {
        var come = deltas.Edges.Where(edge => edge.Value).Select(edge => edge.Key).ToList();
        if (Add(batch, FeedProjectionSql.AddEdges, come.Select(edge => edge.Followee), come.Select(edge => edge.Follower)) is { } add)
        {
            add.Parameters.Add(new NpgsqlParameter<long> { TypedValue = pullAbove });
        }

        var gone = deltas.Edges.Where(edge => !edge.Value).Select(edge => edge.Key).ToList();
        Add(batch, ProjectionSql.RemoveEdges, gone.Select(edge => edge.Followee), gone.Select(edge => edge.Follower));
        var blocks = deltas.Blocks.ToLookup(block => block.Value, block => block.Key);
        Add(batch, FeedProjectionSql.AddBlocks, blocks[true].Select(block => block.Blocked), blocks[true].Select(block => block.Blocker));
        Add(batch, FeedProjectionSql.RemoveBlocks, blocks[false].Select(block => block.Blocked), blocks[false].Select(block => block.Blocker));
        var posts = deltas.Posts.ToLookup(post => post.Value, post => post.Key);
        Add(batch, FeedProjectionSql.AddPosts, posts[false].Select(post => post.Author), posts[false].Select(post => post.Post));
        Add(batch, FeedProjectionSql.RevivePosts, posts[true].Select(post => post.Author), posts[true].Select(post => post.Post));
    }

    /// <summary>Null: the columns are empty, so there is nothing to do.</summary>
    private static NpgsqlBatchCommand? Add(NpgsqlBatch batch, string sql, params IEnumerable<long>[] columns)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in columns)
        {
            AddIds(command, column);
        }

        if (((NpgsqlParameter<long[]>)command.Parameters[0]).TypedValue!.Length == 0)
        {
            return null;
        }

        batch.BatchCommands.Add(command);
        return command;
    }

    private static void AddIds(NpgsqlBatchCommand command, IEnumerable<long> ids) =>
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
}

using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>Who follows whom: the truth is on the follower's shard; the projector keeps the inverse on the followee's.</summary>
internal sealed class Follows(INodeReads reads, INodeWrites writes, FeedOptions options)
{
    /// <summary>Following twice is following once.</summary>
    /// <remarks>The followee's shard is asked before the follow is written and once more after its commit: who blocks or is deleted between the
    /// two removes follows that he finds, and finds this one, unless it is committed later; then the second look finds him.</remarks>
    /// <exception cref="EntityNotFoundException">One of the two does not exist.</exception>
    /// <exception cref="FailedPreconditionException">The follower follows as many as he may, or one of the two has blocked the
    /// other.</exception>
    public async ValueTask FollowAsync(long follower, long followee, CancellationToken cancellation)
    {
        await ThrowUnlessWelcomeAsync(follower, followee, cancellation).ConfigureAwait(false);
        await writes.RunAsync(
            follower, (connection, transaction, ct) => InsertAsync(connection, transaction, follower, followee, ct), cancellation).ConfigureAwait(false);
        try
        {
            await ThrowUnlessWelcomeAsync(follower, followee, cancellation).ConfigureAwait(false);
        }
        catch (DomainException)
        {
            await UnfollowAsync(follower, followee, cancellation).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Not to follow any more; nothing happens if it was so already.</summary>
    public async ValueTask UnfollowAsync(long follower, long followee, CancellationToken cancellation) => await writes.RunAsync(
        follower,
        async (connection, transaction, ct) =>
        {
            await using var command = Command(GraphSql.Unfollow, connection, transaction, follower, followee);
            return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        },
        cancellation).ConfigureAwait(false);

    /// <summary>Ids, descending; one more than the page's size if there are more.</summary>
    public ValueTask<List<long>> FollowersAsync(Page page, CancellationToken cancellation) => ListAsync(GraphSql.ListFollowers, page, cancellation);

    /// <summary>Ids, descending; one more than the page's size if there are more.</summary>
    public ValueTask<List<long>> FollowingAsync(Page page, CancellationToken cancellation) => ListAsync(GraphSql.ListFollowing, page, cancellation);

    private async ValueTask ThrowUnlessWelcomeAsync(long follower, long followee, CancellationToken cancellation)
    {
        var (exists, mayFollow) = await reads.ReadAsync(
            followee,
            async (connection, ct) => (
                await ExistsAsync(connection, followee, ct).ConfigureAwait(false),
                await MayFollowAsync(connection, null, follower, followee, ct).ConfigureAwait(false)),
            cancellation).ConfigureAwait(false);
        if (!exists)
        {
            throw new EntityNotFoundException("user", followee) { Field = "user_id" };
        }

        if (!mayFollow)
        {
            throw Blocked();
        }
    }

    private async ValueTask<List<long>> ListAsync(string sql, Page page, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(
            sql,
            new NpgsqlParameter<long> { TypedValue = page.Owner },
            new NpgsqlParameter<long> { TypedValue = page.After ?? long.MaxValue },
            new NpgsqlParameter<int> { TypedValue = page.Size + 1 });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<long> ids = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }

    private async ValueTask<bool> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long follower, long followee, CancellationToken cancellation)
    {
        await using var hold = new NpgsqlCommand(GraphSql.LockUser, connection, transaction);
        hold.Parameters.Add(new NpgsqlParameter<long> { TypedValue = follower });
        if (await hold.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is null)
        {
            throw new EntityNotFoundException("user", follower);
        }

        if (!await MayFollowAsync(connection, transaction, follower, followee, cancellation).ConfigureAwait(false))
        {
            throw Blocked();
        }

        await using (var state = Command(GraphSql.FollowState, connection, transaction, follower, followee))
        {
            state.Parameters.Add(new NpgsqlParameter<int> { TypedValue = options.MostFollowees });
            await using var reader = await state.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            await reader.ReadAsync(cancellation).ConfigureAwait(false);
            if (reader.GetBoolean(0))
            {
                return false;
            }

            if (reader.GetInt64(1) >= options.MostFollowees)
            {
                throw new FailedPreconditionException($"a user follows at most {options.MostFollowees} others: unfollow somebody first");
            }
        }

        await using var insert = Command(GraphSql.Follow, connection, transaction, follower, followee);
        await insert.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return true;
    }

    private static FailedPreconditionException Blocked() => new("one of the two has blocked the other");

    private static async ValueTask<bool> MayFollowAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, long follower, long followee, CancellationToken cancellation)
    {
        await using var command = Command(GraphSql.MayFollow, connection, transaction, follower, followee);
        return (bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    private static async ValueTask<bool> ExistsAsync(NpgsqlConnection connection, long user, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(GraphSql.Exists, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        return (bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection, NpgsqlTransaction? transaction, long follower, long followee)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = follower });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = followee });
        return command;
    }
}

using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>Posts, followers and followees of a user as the projector has counted them.</summary>
internal sealed class UserCountRows(INodeReads reads)
{
    /// <summary>Those of the users that exist, in the order of the ids.</summary>
    public async ValueTask<IReadOnlyList<UserCounts>> OfAsync(IReadOnlyList<long> users, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(GraphSql.Counts, new NpgsqlParameter<long[]> { TypedValue = [.. users] });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var found = new Dictionary<long, UserCounts>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            var id = reader.GetInt64(0);
            found[id] = new UserCounts
            {
                UserId = id, Media = reader.GetInt64(1), Followers = reader.GetInt64(2), Following = reader.GetInt64(3),
            };
        }

        return [.. users.Where(found.ContainsKey).Select(id => found[id])];
    }
}

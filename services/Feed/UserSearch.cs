using Google.Protobuf.WellKnownTypes;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>Users by the beginning of their names, over all nodes: each gives its first, the first of all are the page.</summary>
internal sealed class UserSearch(NodePool pool)
{
    /// <summary>One page of users, by name.</summary>
    /// <param name="page">What is asked for.</param>
    /// <param name="hidden">Users who are left out.</param>
    /// <param name="cancellation">Ends it.</param>
    public async ValueTask<SearchResponse> FindAsync(SearchPage page, IReadOnlyCollection<long> hidden, CancellationToken cancellation)
    {
        var found = await Task.WhenAll(pool.DataNodes.Select(node => FindAsync(node, page, hidden, cancellation))).ConfigureAwait(false);
        var users = page.Merge(found.SelectMany(static part => part), static user => user.Id, out var next);
        return new SearchResponse { Users = { users }, NextPageToken = next };
    }

    private async Task<List<(string Term, User User)>> FindAsync(
        NodeName node, SearchPage page, IReadOnlyCollection<long> hidden, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(NotificationSql.SearchUsers, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = page.From });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = page.Until });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.AfterId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = page.Size + 1 });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. hidden] });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<(string, User)> users = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            users.Add((reader.GetString(0), new User
            {
                Id = reader.GetInt64(1),
                Name = reader.GetString(2),
                DisplayName = reader.GetString(3),
                CreatedAt = Timestamp.FromDateTime(reader.GetDateTime(4)),
                AvatarMediaId = reader.IsDBNull(5) ? 0 : reader.GetInt64(5),
                AvatarIndex = (uint)reader.GetInt32(6),
                AvatarBlobId = reader.GetString(7),
            }));
        }

        return users;
    }
}

using Google.Protobuf.WellKnownTypes;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>Users, each on a shard that is drawn when he signs up.</summary>
internal sealed class Accounts(
    INodeReads reads, INodeWrites writes, NameClaims names, ShardRouter router, IdService.IdServiceClient ids, FeedOptions options)
{
    /// <summary>Makes a user, or gives the one that this request made before.</summary>
    /// <exception cref="AlreadyExistsException">The name is taken.</exception>
    /// <exception cref="InvalidFieldException">No node stands in the region.</exception>
    public async ValueTask<User> CreateAsync(
        string name, string displayName, string region, string requestId, CancellationToken cancellation)
    {
        var shard = await DrawShardAsync(region.Length == 0 ? options.Region : region, cancellation).ConfigureAwait(false);
        var made = await ids.NextAsync(new NextRequest { Shard = (uint)shard, Count = 1 }, cancellationToken: cancellation).ConfigureAwait(false);
        var id = await names.ClaimAsync(name, made.Ids[0], requestId, cancellation).ConfigureAwait(false);
        var user = await InsertAsync(id, name, displayName, cancellation).ConfigureAwait(false)
            // The claim grew old meanwhile and another caller has it.
            ?? throw NameClaims.Taken(name);
        await names.ConfirmAsync(name, id, cancellation).ConfigureAwait(false);
        return user;
    }

    /// <summary>Null: there is none, or he was deleted.</summary>
    public async ValueTask<User?> GetAsync(long id, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(GraphSql.Get, new NpgsqlParameter<long> { TypedValue = id });
        return (await ReadAsync(command, cancellation).ConfigureAwait(false)).SingleOrDefault();
    }

    /// <summary>Those of the ids that exist, in the order of the ids.</summary>
    public async ValueTask<IReadOnlyList<User>> GetAsync(IReadOnlyList<long> ids, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(GraphSql.GetMany, new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
        var found = (await ReadAsync(command, cancellation).ConfigureAwait(false)).ToDictionary(static user => user.Id);
        return [.. ids.Where(found.ContainsKey).Select(id => found[id])];
    }

    private async ValueTask<int> DrawShardAsync(string region, CancellationToken cancellation)
    {
        var map = await router.GetAsync(cancellation).ConfigureAwait(false);
        int[] candidates = [.. Enumerable.Range(0, InstaId.Shards).Where(shard => map.Regions[map.NodeOf(shard)] == region)];
        return candidates.Length > 0
            ? candidates[Random.Shared.Next(candidates.Length)]
            : throw new InvalidFieldException("region", "no node stands there");
    }

    /// <summary>Inserts the user unless his row is there; null: it is a tombstone.</summary>
    private ValueTask<User?> InsertAsync(long id, string name, string displayName, CancellationToken cancellation) => writes.RunAsync(
        id,
        async (connection, transaction, ct) =>
        {
            await using var insert = new NpgsqlCommand(GraphSql.InsertUser, connection, transaction);
            insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = displayName });
            await insert.ExecuteNonQueryAsync(ct).ConfigureAwait(false);

            await using var get = new NpgsqlCommand(GraphSql.Get, connection, transaction);
            get.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
            return (await ReadAsync(get, ct).ConfigureAwait(false)).SingleOrDefault();
        },
        cancellation);

    private static async ValueTask<List<User>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<User> users = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            users.Add(new User
            {
                Id = reader.GetInt64(0),
                Name = reader.GetString(1),
                DisplayName = reader.GetString(2),
                CreatedAt = Timestamp.FromDateTime(reader.GetDateTime(3)),
                AvatarMediaId = reader.IsDBNull(4) ? 0 : reader.GetInt64(4),
                AvatarIndex = (uint)reader.GetInt32(5),
                AvatarBlobId = reader.GetString(6),
            });
        }

        return users;
    }
}

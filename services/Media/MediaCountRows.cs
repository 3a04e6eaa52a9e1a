using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Media;

/// <summary>Likes and comments of a post as the projector has counted them.</summary>
internal sealed class MediaCountRows(INodeReads reads)
{
    /// <summary>Those of the posts that exist, in the order of the ids.</summary>
    public async ValueTask<IReadOnlyList<MediaCounts>> OfAsync(IReadOnlyList<long> media, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(MediaSql.Counts, new NpgsqlParameter<long[]> { TypedValue = [.. media] });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var found = new Dictionary<long, MediaCounts>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            var id = reader.GetInt64(0);
            found[id] = new MediaCounts { MediaId = id, Likes = reader.GetInt64(1), Comments = reader.GetInt64(2) };
        }

        return [.. media.Where(found.ContainsKey).Select(id => found[id])];
    }
}

using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>The version of the region's ring as the directory has it.</summary>
internal sealed class RingDirectory(NodePool pool, string region)
{
    /// <summary>Null: the directory knows no ring, so that every process places keys by its configuration.</summary>
    public async ValueTask<long?> VersionAsync(CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FanoutSql.RingVersion, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = region });
        return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) as long?;
    }
}

using InstaGrpc.TestFixtures;

namespace InstaGrpc.IdService.Tests;

/// <summary>A database with the directory's tables.</summary>
internal static class DirectoryDatabase
{
    public static Task<TestDatabase> CreateAsync(SharedServers servers) => servers.CreateDirectoryAsync("ids");

    /// <summary>As if a window of the shard, another instance's, ended this far ahead of the directory's clock.</summary>
    public static Task SetLastWindowAsync(this TestDatabase directory, int shard, TimeSpan ahead) => directory.ExecuteAsync(
        $"""
        INSERT INTO id_windows (shard, last_ms, owner)
        VALUES ({shard}, (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1767225600000 + {(long)ahead.TotalMilliseconds}, gen_random_uuid())
        """);

    public static Task<long> GrantedUntilAsync(this TestDatabase directory, int shard) =>
        directory.QueryAsync<long>($"SELECT last_ms FROM id_windows WHERE shard = {shard}");
}

using InstaGrpc.TestFixtures;

namespace InstaGrpc.IdService.Tests;

/// <summary>A database with the directory's tables.</summary>
internal static class DirectoryDatabase
{
    public static async Task<TestDatabase> CreateAsync(SharedServers servers)
    {
        var database = await servers.CreateDatabaseAsync("ids");
        // to be: await Migrator.MigrateDirectoryAsync(...)
        await database.ExecuteAsync("CREATE TABLE id_windows (shard int PRIMARY KEY, last_ms bigint NOT NULL, owner uuid)");
        return database;
    }
}

using System.Diagnostics;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Embedded.Tests;

public sealed class SharedServersTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task TheClusterHasWhatTheChangeStreamNeeds()
    {
        await using var database = await _servers.CreateDatabaseAsync();

        Assert.Equal("logical", await database.QueryAsync<string>("SHOW wal_level"));
        Assert.Equal("64", await database.QueryAsync<string>("SHOW max_replication_slots"));
        Assert.Equal("64", await database.QueryAsync<string>("SHOW max_wal_senders"));
        Assert.Equal("400", await database.QueryAsync<string>("SHOW max_connections"));
        Assert.Equal("1GB", await database.QueryAsync<string>("SHOW max_slot_wal_keep_size"));
        Assert.Equal("", await database.QueryAsync<string>("SHOW unix_socket_directories"));
        Assert.Equal("127.0.0.1", await database.QueryAsync<string>("SHOW listen_addresses"));
    }

    [Fact]
    public async Task ADatabaseGoesWithItsReplicationSlots()
    {
        var database = await _servers.CreateDatabaseAsync("slots");
        await database.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{database.Name}', 'pgoutput')");

        await database.DisposeAsync();

        await using var other = await _servers.CreateDatabaseAsync();
        Assert.Equal(0L, await other.QueryAsync<long>($"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{database.Name}'"));
        Assert.Equal(0L, await other.QueryAsync<long>($"SELECT count(*) FROM pg_database WHERE datname = '{database.Name}'"));
    }

    [Fact]
    public async Task ASetOfServersIsReadyWithinSeconds()
    {
        var watch = Stopwatch.StartNew();
        await using var own = new SharedServers();
        await own.InitializeAsync();

        Assert.Equal(2, own.Memcached.Select(server => server.Port).Distinct().Count());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30)); // alone on two cores it is under one second
        await using var connection = new NpgsqlConnection(own.Postgres.ConnectionString());
        await connection.OpenAsync();
    }
}

using Grpc.Core;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Media.Tests;

public class SweepTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const string LockIsFree = "SELECT pg_advisory_lock(495874696560), pg_advisory_unlock(495874696560)";

    [Fact]
    public async Task WhatADeletedPostLeftIsSweptAndAnotherPostKeepsItsOwn()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var (gone, kept) = (await mesh.PostAsync(user), await mesh.PostAsync(user));
        var database = mesh.DatabaseOf("n1");
        await database.ExecuteAsync(
            $"""
            INSERT INTO likes SELECT {gone.Id}, n FROM generate_series(1, 2500) n;
            INSERT INTO comments SELECT {gone.Id}, n, 1, 'x' FROM generate_series(1, 2500) n;
            INSERT INTO likes VALUES ({kept.Id}, 1); INSERT INTO comments VALUES ({kept.Id}, 1, 1, 'x')
            """);
        await mesh.As(user).DeleteMediaAsync(new DeleteMediaRequest { MediaId = gone.Id });
        await SweepAsync(mesh);
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM likes"));
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM comments"));
        // The tombstone is young: it stays, and deleting again is still no error.
        await mesh.As(user).DeleteMediaAsync(new DeleteMediaRequest { MediaId = gone.Id });

        // A like that was being written while the post was deleted.
        await database.ExecuteAsync($"INSERT INTO likes VALUES ({gone.Id}, 7); UPDATE media SET deleted_at = now() - interval '61 minutes' WHERE deleted");
        await SweepAsync(mesh);
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM likes"));
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM media"));
        await mesh.As(user).DeleteMediaAsync(new DeleteMediaRequest { MediaId = gone.Id }).FailsAsync(StatusCode.NotFound);
        Assert.Equal(kept, (await mesh.Service.GetMediaAsync(new GetMediaRequest { MediaId = kept.Id })).Media);
    }

    [Fact]
    public async Task AnswersToRepeatedRequestsGoWhenTheirTimeIsOver()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        await mesh.PostAsync(user);
        await mesh.PostAsync(user);
        var database = mesh.DatabaseOf("n1");
        await database.ExecuteAsync("UPDATE requests SET created_at = now() - interval '25 hours' WHERE request_id = 'request 1'");
        await SweepAsync(mesh);
        Assert.Equal("request 2", await database.QueryAsync<string>("SELECT string_agg(request_id, ',') FROM requests"));
    }

    [Fact]
    public async Task OneProcessSweepsANodeAtATime()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        await using (var other = await mesh.DatabaseOf("n1").OpenAsync())
        {
            await using var take = new Npgsql.NpgsqlCommand("SELECT pg_advisory_lock(495874696560)", other);
            await take.ExecuteNonQueryAsync();
            Assert.False(await TrySweepAsync(mesh));
        }

        // A session ends some time after its client has gone.
        await mesh.DatabaseOf("n1").ExecuteAsync(LockIsFree);
        Assert.True(await TrySweepAsync(mesh));
        await mesh.DatabaseOf("n1").ExecuteAsync(LockIsFree);
        Assert.True(await TrySweepAsync(mesh));
    }

    private static async Task SweepAsync(MediaMesh mesh) => Assert.True(await TrySweepAsync(mesh));

    private static async Task<bool> TrySweepAsync(MediaMesh mesh)
    {
        using var sweep = mesh.NewSweep();
        return await sweep.SweepAsync(new NodeName("n1"), CancellationToken.None);
    }
}

using System.Diagnostics;
using System.Globalization;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh;
using InstaGrpc.Services.Media;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace InstaGrpc.Media.Tests;

/// <summary>Likes of one post that arrive while an INSERT is in flight. It is held there by a transaction of the test's that has inserted the
/// first liker's row and neither commits nor rolls back. Rows with one xmin were inserted by one transaction.</summary>
public sealed class LikeBatchTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const long First = 1_000_001;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task WhatArrivesWhileAnInsertIsInFlightSharesTheNextOne()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers);
        var first = await post.LikeInFlightAsync();
        List<Task<ReadToken>> others = [.. Enumerable.Range(2, 40).Select(i => post.LikeAsync(1_000_000 + i))];
        others.Add(post.LikeAsync(1_000_002));
        await post.WaitForWaitingAsync(41);
        var before = await post.Database.QueryAsync<NpgsqlTypes.NpgsqlLogSequenceNumber>("SELECT pg_current_wal_insert_lsn()");

        await post.ReleaseAsync();

        foreach (var token in await Task.WhenAll([first, .. others]).WaitAsync(_limit))
        {
            Assert.True(token.TryGet(new NodeName("n1"), out var position));
            Assert.True(position.Lsn.Value > (ulong)before, "a token stands before the commit that it is of");
        }

        Assert.Equal((41L, 2L), await post.CountAsync());
        Assert.Equal(0, post.Batches.WaitingFor(post.Id));
    }

    [Fact]
    public async Task ABatchIsBounded()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers, new KeyValuePair<string, string?>("Insta:Media:LikesOfBatch", "2"));
        var first = await post.LikeInFlightAsync();
        List<Task<ReadToken>> others = [.. Enumerable.Range(2, 5).Select(i => post.LikeAsync(1_000_000 + i))];
        await post.WaitForWaitingAsync(5);

        await post.ReleaseAsync();

        await Task.WhenAll([first, .. others]).WaitAsync(_limit);
        Assert.Equal((6L, 4L), await post.CountAsync());
    }

    [Fact]
    public async Task LikesOfOtherPostsDoNotWait()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers);
        var first = await post.LikeInFlightAsync();
        var other = await post.Mesh.PostAsync(post.Owner);

        await post.Batches.LikeAsync(other.Id, 1_000_002, default).AsTask().WaitAsync(_limit);

        Assert.False(first.IsCompleted);
        await post.ReleaseAsync();
        await first.WaitAsync(_limit);
    }

    [Fact]
    public async Task WhoGivesUpWhileHeWaitsIsLeftOutAndNobodyElse()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers);
        using var impatient = new CancellationTokenSource();
        var first = await post.LikeInFlightAsync();
        var (leaving, staying) = (post.LikeAsync(1_000_002, impatient.Token), post.LikeAsync(1_000_003));
        await post.WaitForWaitingAsync(2);

        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving.WaitAsync(_limit));
        Assert.False(staying.IsCompleted);
        await post.ReleaseAsync();
        await Task.WhenAll(first, staying).WaitAsync(_limit);
        Assert.Equal([First, 1_000_003L], await post.LikersAsync());
    }

    [Fact]
    public async Task AnInsertThatAllItsCallersGaveUpIsCancelledAndTheNextOneRuns()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers);
        using var impatient = new CancellationTokenSource();
        var first = await post.LikeInFlightAsync(impatient.Token);
        var next = post.LikeAsync(1_000_002);
        await post.WaitForWaitingAsync(1);

        await impatient.CancelAsync();

        // The lock that the first one waited for is still held.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(_limit));
        await next.WaitAsync(_limit);
        await post.ReleaseAsync();
        Assert.Equal([1_000_002L], await post.LikersAsync());
    }

    [Fact]
    public async Task AnInsertWithSomebodyWhoStaysGoesOnForHim()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers);
        using var impatient = new CancellationTokenSource();
        var first = await post.LikeInFlightAsync();
        var (leaving, staying) = (post.LikeAsync(1_000_002, impatient.Token), post.LikeAsync(1_000_003));
        await post.WaitForWaitingAsync(2);
        await using var second = await post.HoldAsync(1_000_003);
        await post.ReleaseAsync();
        await first.WaitAsync(_limit);
        await post.WaitForLockAsync(); // The batch of both is in flight.

        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving.WaitAsync(_limit));
        Assert.False(staying.IsCompleted);
        await second.DisposeAsync();
        await staying.WaitAsync(_limit);
        Assert.Contains(1_000_003L, await post.LikersAsync());
    }

    [Fact]
    public async Task APostThatIsDeletedMeanwhileIsMissingForThoseWhoWaited()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers);
        var first = await post.LikeInFlightAsync();
        List<Task<ReadToken>> others = [post.LikeAsync(1_000_002), post.LikeAsync(1_000_003)];
        await post.WaitForWaitingAsync(2);
        await post.Database.ExecuteAsync($"UPDATE media SET deleted = true, deleted_at = now() WHERE id = {post.Id}");

        await post.ReleaseAsync();

        await first.WaitAsync(_limit);
        foreach (var other in others)
        {
            await Assert.ThrowsAsync<EntityNotFoundException>(() => other.WaitAsync(_limit));
        }

        Assert.Equal([First], await post.LikersAsync());
    }

    [Fact]
    public async Task OneLikerWhoIsHiddenFromTheOwnerIsRefusedAlone()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers);
        var first = await post.LikeInFlightAsync();
        var (good, hidden, hiding, last) = (
            post.LikeAsync(1_000_002), post.LikeAsync(1_000_003), post.LikeAsync(1_000_004), post.LikeAsync(1_000_005));
        await post.WaitForWaitingAsync(4);
        await post.Database.ExecuteAsync($"""
            INSERT INTO blocks (blocker_id, blocked_id) VALUES ({post.Owner}, 1000003);
            INSERT INTO blocked_by (blocked_id, blocker_id) VALUES ({post.Owner}, 1000004)
            """);

        await post.ReleaseAsync();

        await Task.WhenAll(first, good, last).WaitAsync(_limit);
        await Assert.ThrowsAsync<FailedPreconditionException>(() => hidden.WaitAsync(_limit));
        await Assert.ThrowsAsync<FailedPreconditionException>(() => hiding.WaitAsync(_limit));
        Assert.Equal([First, 1_000_002L, 1_000_005L], await post.LikersAsync());
        Assert.Equal((3L, 2L), await post.CountAsync());
    }

    [Fact]
    public async Task OneLikerWhomPostgresRefusesFailsAlone()
    {
        await using var post = await HeldPost.CreateAsync(servers.Servers);
        await post.ReleaseAsync(); // Of the table's lock, too.
        await post.Database.ExecuteAsync("ALTER TABLE likes ADD CHECK (user_id <> 1000003)");
        await post.HoldFirstAsync();
        var first = await post.LikeInFlightAsync();
        var (good, bad, last) = (post.LikeAsync(1_000_002), post.LikeAsync(1_000_003), post.LikeAsync(1_000_004));
        await post.WaitForWaitingAsync(3);

        await post.ReleaseAsync();

        await Task.WhenAll(first, good, last).WaitAsync(_limit);
        Assert.Equal(
            PostgresErrorCodes.CheckViolation, (await Assert.ThrowsAsync<PostgresException>(() => bad.WaitAsync(_limit))).SqlState);
        Assert.Equal([First, 1_000_002L, 1_000_004L], await post.LikersAsync());
    }

    /// <summary>A post, and a transaction that holds up the like of <see cref="First"/>.</summary>
    private sealed class HeldPost : IAsyncDisposable
    {
        private NpgsqlConnection? _holder;

        private HeldPost(MediaMesh mesh, long owner, long id) => (Mesh, Owner, Id) = (mesh, owner, id);

        public MediaMesh Mesh { get; }

        public long Owner { get; }

        public long Id { get; }

        public TestDatabase Database => Mesh.DatabaseOf("n1");

        public LikeBatches Batches => Mesh.Mesh.Services.GetRequiredService<LikeBatches>();

        public static async Task<HeldPost> CreateAsync(SharedServers servers, params KeyValuePair<string, string?>[] more)
        {
            var mesh = await MediaMesh.StartAsync(servers, more);
            var owner = await mesh.UserAsync("n1", 1);
            var post = new HeldPost(mesh, owner, (await mesh.PostAsync(owner)).Id);
            await post.HoldFirstAsync();
            return post;
        }

        public Task<ReadToken> LikeAsync(long user, CancellationToken cancellation = default) =>
            Batches.LikeAsync(Id, user, cancellation).AsTask();

        /// <summary>The like of the first, which waits in PostgreSQL when this returns; inside another task, which is not awaited.</summary>
        public async Task<Task<ReadToken>> LikeInFlightAsync(CancellationToken cancellation = default)
        {
            var like = LikeAsync(First, cancellation);
            await WaitForLockAsync();
            return like;
        }

        /// <summary>A transaction that has inserted a like of this user; its end by disposal takes it back.</summary>
        public async Task<NpgsqlConnection> HoldAsync(long user)
        {
            var holder = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Pooling = false }.ConnectionString);
            await holder.OpenAsync();
            await using var command = new NpgsqlCommand(
                string.Create(CultureInfo.InvariantCulture, $"BEGIN; INSERT INTO likes (media_id, user_id) VALUES ({Id}, {user})"), holder);
            await command.ExecuteNonQueryAsync();
            return holder;
        }

        public async Task HoldFirstAsync() => _holder = await HoldAsync(First);

        public async Task ReleaseAsync() => await _holder!.DisposeAsync();

        public Task WaitForWaitingAsync(int likers) => Patience.UntilAsync(() => Batches.WaitingFor(Id) == likers, $"{likers} wait");

        public Task WaitForLockAsync() => Patience.UntilAsync(
            () => Database.QueryAsync<bool>(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"),
            "an INSERT waits for the held row");

        /// <summary>Rows, and transactions that inserted them.</summary>
        public async Task<(long Rows, long Transactions)> CountAsync() => (
            await Database.QueryAsync<long>($"SELECT count(*) FROM likes WHERE media_id = {Id}"),
            await Database.QueryAsync<long>($"SELECT count(DISTINCT xmin::text) FROM likes WHERE media_id = {Id}"));

        public async Task<IReadOnlyList<long>> LikersAsync() =>
            await Database.QueryAsync<long[]>($"SELECT ARRAY (SELECT user_id FROM likes WHERE media_id = {Id} ORDER BY user_id)");

        public async ValueTask DisposeAsync()
        {
            await ReleaseAsync();
            await Mesh.DisposeAsync();
        }
    }
}

using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes.Internal;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Changes.Tests;

public sealed class ContractPublicationTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task AContractHoldsFromAPositionAfterTheWritersThatWereOpenWhenItWasAnnounced()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        await mesh.ExecuteAsync("CREATE TABLE orders (id bigint PRIMARY KEY, note text)");
        await mesh.StartStreamingAsync(new ChangesOptions
        {
            PublicationInterval = TimeSpan.FromMilliseconds(50), PublicationLockTimeout = TimeSpan.FromMilliseconds(100),
        });
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await using var writer = await mesh.OpenAsync();
        await mesh.ExecuteAsync(writer, "BEGIN; INSERT INTO orders VALUES (1, 'open')");

        var number = await Contracts.AnnounceAsync(mesh, "orders", "id");
        await mesh.UntilAsync("""
            SELECT EXISTS (SELECT FROM pg_locks
                           WHERE relation = 'orders'::regclass AND mode = 'ShareRowExclusiveLock' AND NOT granted)
            """);
        Assert.Equal(0L, await mesh.QueryAsync<long>("SELECT count(*) FROM contract_nodes", NodePool.DirectoryNode));
        // The lock is given up again and again, so other writers get through meanwhile.
        await mesh.ExecuteAsync("INSERT INTO orders VALUES (2, 'meanwhile')");
        var open = await mesh.ExecuteAsync(writer, "COMMIT");
        await Contracts.UntilAsync(mesh, number, "published");
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO orders VALUES (3, 'after')"));

        var from = Lsn.Parse(await mesh.QueryAsync<string>("SELECT lsn::text FROM contract_nodes", NodePool.DirectoryNode));
        Assert.True(from >= open.Lsn);
        Assert.Equal("Insert new id=3", PublishingTests.Describe(Assert.Single(reader.Rows)));
        Assert.DoesNotContain(reader.Events, change => change.EventCase == RowChange.EventOneofCase.SchemaChange);
    }

    [Fact]
    public async Task WhatCannotBePublishedIsRefusedWithTheReason()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.ExecuteAsync("""
            CREATE VIEW likes_view AS SELECT * FROM likes;
            CREATE UNLOGGED TABLE loose (id bigint PRIMARY KEY);
            CREATE TABLE keyless (id bigint);
            CREATE TABLE parted (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE part_one PARTITION OF parted FOR VALUES FROM (0) TO (1000);
            """);
        (string Table, string Column, string Expected)[] cases =
        [
            ("likes_view", "media_id", "is a view"),
            ("loose", "id", "is unlogged"),
            ("keyless", "id", "replica identity"),
            ("part_one", "id", "is a partition"),
            ("comments", "author_id", "not in the replica identity"),
            ("comments", "nonsense", "no column nonsense"),
        ];
        var numbers = new List<long>();
        foreach (var (table, column, _) in cases)
        {
            numbers.Add(await Contracts.AnnounceAsync(mesh, table, column));
        }

        var absent = await Contracts.AnnounceAsync(mesh, "elsewhere", "id");
        var parted = await Contracts.AnnounceAsync(mesh, "parted", "id");
        await mesh.StartStreamingAsync();

        await Contracts.UntilAsync(mesh, absent, "not_here");
        await Contracts.UntilAsync(mesh, parted, "published");
        for (var index = 0; index < cases.Length; index++)
        {
            await Contracts.UntilAsync(mesh, numbers[index], "refused");
            Assert.Contains(
                cases[index].Expected,
                await mesh.QueryAsync<string>($"SELECT reason FROM contract_nodes WHERE number = {numbers[index]}",
                    NodePool.DirectoryNode));
        }

        // Its writers must not be refused because somebody wanted to cache.
        await mesh.ExecuteAsync("INSERT INTO keyless VALUES (1); UPDATE keyless SET id = 2; DELETE FROM keyless");
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO parted VALUES (5)"));
        Assert.Equal("parted", Assert.Single(reader.Rows).Table);
    }

    [Fact]
    public async Task ATableThatAppearsLaterAndOneThatIsMadeAnewArePublishedAndTheLatterSaidSo()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        var number = await Contracts.AnnounceAsync(mesh, "orders", "id");
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await Contracts.UntilAsync(mesh, number, "not_here");
        await mesh.ExecuteAsync("CREATE TABLE orders (id bigint PRIMARY KEY)");
        await Contracts.UntilAsync(mesh, number, "published");

        await mesh.ExecuteAsync("DROP TABLE orders; CREATE TABLE orders (id bigint PRIMARY KEY)");
        await mesh.UntilPublishedAsync("orders");
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO orders VALUES (1)"));

        Assert.Equal("orders", Assert.Single(reader.Rows).Table);
        Assert.Equal(
            ["CREATE TABLE", "DROP TABLE", "CREATE TABLE", "ALTER PUBLICATION"],
            reader.Events.Where(change => change.SchemaChange is not null).Select(change => change.SchemaChange.Command));
    }

    [Fact]
    public async Task ATableThatTakesAPublishedOnesPlaceIsToldAndPublishedAtOnce()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.StartStreamingAsync(new ChangesOptions { PublicationInterval = TimeSpan.FromMinutes(10) });
        await using var reader = mesh.Read(ChangeStart.Oldest);

        // As one copies a table beside it, and then changes their names. No name in a message is the published table's own.
        await mesh.ExecuteAsync("CREATE TABLE likes_new (LIKE likes INCLUDING ALL)");
        await mesh.ExecuteAsync("ALTER TABLE likes RENAME TO likes_before");
        await mesh.ExecuteAsync("ALTER TABLE likes_new RENAME TO likes");
        await mesh.UntilAsync("SELECT EXISTS (SELECT FROM pg_publication_rel WHERE prrelid = 'likes'::regclass)");
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 2)"));

        Assert.Equal(
            ["ALTER TABLE likes", "ALTER TABLE likes", "ALTER PUBLICATION likes"],
            reader.Events.Where(change => change.SchemaChange is not null)
                .Select(change => $"{change.SchemaChange.Command} {string.Join(' ', change.SchemaChange.Tables)}"));
        Assert.Equal("1", Assert.Single(reader.Rows).New[0].Text);
    }

    [Fact]
    public async Task AnAddedBindingWidensWhatIsPublishedAndKeepsWhatWas()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.ExecuteAsync("CREATE TABLE orders (id bigint NOT NULL, shop bigint NOT NULL, note text, PRIMARY KEY (id, shop))");
        await mesh.StartStreamingAsync();
        await Contracts.UntilAsync(mesh, await Contracts.AnnounceAsync(mesh, "orders", "id"), "published");
        await Contracts.UntilAsync(mesh, await Contracts.AnnounceAsync(mesh, "orders", "shop"), "published");
        await Contracts.UntilAsync(mesh, await Contracts.AnnounceAsync(mesh, "media", "id"), "published");

        Assert.Equal("id,shop", await mesh.PublishedColumnsAsync("orders"));
        Assert.Equal("deleted,deleted_at,id,owner_id", await mesh.PublishedColumnsAsync("media"));
    }

    [Theory]
    [InlineData("", "n1", "insta_n1")]
    [InlineData("blue_", "n-1", "insta_blue_n_1")]
    [InlineData("blue", "n1", "insta_blue_n1")]
    public void ASlotIsNamedForPrefixAndNode(string prefix, string node, string expected) =>
        Assert.Equal(expected, PublicationName.Of(prefix, new NodeName(node)));

    [Fact]
    public void PrefixesThatPostgreSqlWouldNotTakeStayApart()
    {
        string[] prefixes = ["a.", "a-", "A_", new('x', 80), new('x', 81)];
        var names = prefixes.Select(prefix => PublicationName.Of(prefix, new NodeName("n1"))).ToList();

        Assert.Equal(prefixes.Length, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^[a-z0-9_]{1,63}$", name));
    }
}

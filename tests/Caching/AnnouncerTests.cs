using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>Contracts in the directory.</summary>
public sealed class AnnouncerTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const string Tables = """
        CREATE TABLE things (id bigint PRIMARY KEY, a int, b boolean, c uuid, d text, e varchar);
        CREATE TABLE counts (id bigint PRIMARY KEY, value bigint);
        CREATE TABLE owned (id bigint, user_id bigint, PRIMARY KEY (id, user_id));
        CREATE TABLE parts (id bigint PRIMARY KEY, thing_id bigint);
        """;

    private static readonly NodeName _node = new("n1");

    [Fact]
    public async Task EveryCachedContractIsAnnouncedUnderNumbersWithoutHoles()
    {
        await using var nodes = await CreateAsync(Tables);
        using var announcer = Announcer(nodes);
        await announcer.TurnAsync(renew: true, default);

        Assert.Equal(announcer.Contracts.Count, await nodes.Directory.QueryAsync<long>("SELECT count(*) FROM contracts"));
        Assert.Equal(announcer.Contracts.Count, await nodes.Directory.QueryAsync<long>("SELECT max(number) FROM contracts"));
        var body = AnnouncedContract.Parser.ParseFrom(
            await nodes.Directory.QueryAsync<byte[]>($"SELECT body FROM contracts WHERE method = '{ByAll.FullName}'"));
        Assert.Equal([KeyType.Integer, KeyType.Boolean, KeyType.Uuid, KeyType.Text, KeyType.Text], body.Fields.Select(field => field.Type));
        Assert.Equal([false, false, false, false, true], body.Fields.Select(field => field.HasPresence));
        Assert.Equal(["a", "b", "c", "d", "e"], Assert.Single(body.DependsOn).Columns);
        var list = AnnouncedContract.Parser.ParseFrom(
            await nodes.Directory.QueryAsync<byte[]>($"SELECT body FROM contracts WHERE method = '{Parts.FullName}'"));
        Assert.True(list.List);
        Assert.Equal("id", Assert.Single(list.Fields).Name);
    }

    [Fact]
    public async Task ManyProcessesThatAnnounceAtOnceShareNumbers()
    {
        await using var nodes = await CreateAsync(Tables);
        var announcers = Enumerable.Range(0, 6).Select(_ => Announcer(nodes)).ToArray();
        await Task.WhenAll(announcers.Select(announcer => announcer.TurnAsync(renew: true, default).AsTask()));

        var contracts = announcers[0].Contracts.Count;
        Assert.Equal(contracts, await nodes.Directory.QueryAsync<long>("SELECT count(*) FROM contracts"));
        Assert.Equal(contracts, await nodes.Directory.QueryAsync<long>("SELECT max(number) FROM contracts"));
        Assert.Equal(contracts * 6, await nodes.Directory.QueryAsync<long>("SELECT count(*) FROM contract_processes"));
        foreach (var announcer in announcers)
        {
            announcer.Dispose();
        }
    }

    [Fact]
    public async Task AContractIsCachedOnTheNodesWhereItIsPublished()
    {
        await using var nodes = await CreateAsync(Tables);
        using var announcer = Announcer(nodes);
        await announcer.TurnAsync(renew: true, default);
        Assert.Null(announcer.Find(Thing.FullName, _node));

        await PublishAsync(nodes, Thing, "'published', 1, '0/10'");
        await PublishAsync(nodes, Count, "'refused', NULL, NULL");
        var version = announcer.Version;
        await announcer.TurnAsync(renew: false, default);

        Assert.NotEqual(version, announcer.Version);
        Assert.NotNull(announcer.Find(Thing.FullName, _node));
        Assert.Null(announcer.Find(Thing.FullName, new NodeName("n2")));
        Assert.Null(announcer.Find(Count.FullName, _node));
    }

    [Fact]
    public async Task AnEndedContractThatIsAnnouncedAgainGetsANewNumber()
    {
        await using var nodes = await CreateAsync(Tables);
        using var announcer = Announcer(nodes);
        await announcer.TurnAsync(renew: true, default);
        await PublishAsync(nodes, Thing, "'published', 1, '0/10'");
        await announcer.TurnAsync(renew: false, default);
        var before = announcer.Find(Thing.FullName, _node)!.Number;
        await nodes.Directory.ExecuteAsync($"UPDATE contracts SET ended_at = now() WHERE method = '{Thing.FullName}'");
        await announcer.TurnAsync(renew: false, default);

        // The watcher sees it end at once; the next renewal announces it again.
        Assert.Null(announcer.Find(Thing.FullName, _node));
        await announcer.TurnAsync(renew: true, default);
        await PublishAsync(nodes, Thing, "'published', 1, '0/10'");
        await announcer.TurnAsync(renew: false, default);
        var after = announcer.Find(Thing.FullName, _node)!.Number;
        Assert.Equal(before.Epoch, after.Epoch);
        Assert.True(after.Number > announcer.Contracts.Count);
    }

    [Fact]
    public async Task AToolThatLooksAtAContractAnnouncesNothing()
    {
        await using var nodes = await CreateAsync(Tables);
        using (var tool = Announcer(nodes))
        {
            await tool.LookAsync(Thing, default);
            Assert.Null(tool.Find(Thing.FullName, _node));
        }

        Assert.Equal(0L, await nodes.Directory.QueryAsync<long>("SELECT count(*) FROM contracts"));
        using var announcer = Announcer(nodes);
        await announcer.TurnAsync(renew: true, default);
        await PublishAsync(nodes, Thing, "'published', 1, '0/10'");
        await announcer.TurnAsync(renew: false, default);
        var processes = await nodes.Directory.QueryAsync<long>("SELECT count(*) FROM contract_processes");
        using (var tool = Announcer(nodes))
        {
            await tool.LookAsync(Thing, default);
            Assert.Equal(announcer.Find(Thing.FullName, _node)!.Number, tool.Find(Thing.FullName, _node)!.Number);
        }

        Assert.Equal(processes, await nodes.Directory.QueryAsync<long>("SELECT count(*) FROM contract_processes"));
    }

    [Fact]
    public async Task AProcessUnseenForADayIsForgotten()
    {
        await using var nodes = await CreateAsync(Tables);
        using var gone = Announcer(nodes);
        await gone.TurnAsync(renew: true, default);
        await nodes.Directory.ExecuteAsync("UPDATE contract_processes SET renewed_at = now() - interval '25 hours'");
        using var living = Announcer(nodes);
        await living.TurnAsync(renew: true, default);

        Assert.Equal(living.Process, await nodes.Directory.QueryAsync<Guid>("SELECT DISTINCT process FROM contract_processes"));

        // Had it only been unable to renew, it would be there again.
        await gone.TurnAsync(renew: true, default);
        Assert.Equal(2L, await nodes.Directory.QueryAsync<long>("SELECT count(DISTINCT process) FROM contract_processes"));
    }

    [Fact]
    public async Task AContractInUseIsNotRetired()
    {
        await using var nodes = await CreateAsync(Tables);
        using var announcer = Announcer(nodes);
        await announcer.TurnAsync(renew: true, default);
        var retirement = new ContractRetirement(nodes.Pool);
        var refused = await retirement.RetireAsync(Thing.FullName);
        Assert.Empty(refused.Ended);
        Assert.Single(refused.InUse);

        await nodes.Directory.ExecuteAsync("UPDATE contract_processes SET renewed_at = now() - interval '61 minutes'");
        var retired = await retirement.RetireAsync(Thing.FullName);
        Assert.Equal(refused.InUse, retired.Ended);
        Assert.Empty(retired.InUse);
        Assert.Empty((await retirement.RetireAsync(Thing.FullName)).Ended);
    }

    [Fact]
    public async Task AProcessThatCouldNotRenewForHalfAnHourStopsCaching()
    {
        await using var nodes = await CreateAsync(Tables);
        var time = new ManualTime();
        using var announcer = Announcer(nodes, time);
        await announcer.TurnAsync(renew: true, default);
        await PublishAsync(nodes, Thing, "'published', 1, '0/10'");
        await announcer.TurnAsync(renew: false, default);
        time.Advance(TimeSpan.FromMinutes(30));
        var version = announcer.Version;
        Assert.NotNull(announcer.Find(Thing.FullName, _node));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(announcer.Find(Thing.FullName, _node));
        Assert.NotEqual(version, announcer.Version);

        await announcer.TurnAsync(renew: true, default);
        Assert.NotNull(announcer.Find(Thing.FullName, _node));
    }

    [Fact]
    public async Task AnotherLifeOfTheDirectoryMeansOtherNumbers()
    {
        await using var nodes = await CreateAsync(Tables);
        using var announcer = Announcer(nodes);
        await announcer.TurnAsync(renew: true, default);
        await PublishAsync(nodes, Thing, "'published', 1, '0/10'");
        await announcer.TurnAsync(renew: false, default);
        var before = announcer.Find(Thing.FullName, _node)!.Number;
        await nodes.Directory.ExecuteAsync("UPDATE directory_identity SET timeline = timeline + 1");
        await announcer.TurnAsync(renew: false, default);
        Assert.Null(announcer.Find(Thing.FullName, _node));
        await PublishAsync(nodes, Thing, "'published', 1, '0/10'");
        await announcer.TurnAsync(renew: false, default);
        Assert.NotEqual(before.Epoch, announcer.Find(Thing.FullName, _node)!.Number.Epoch);
    }

    [Theory]
    [InlineData("CREATE TABLE counts (value bigint)", "no column")]
    [InlineData("CREATE TABLE counts (id numeric)", "is not smallint")]
    [InlineData("CREATE TABLE counts (id text)", "one spelling")]
    [InlineData("CREATE TABLE other (id bigint)", "no node has the table")]
    public async Task WhatOnlyTheTableShowsKeepsThatContractUncached(string table, string fault)
    {
        await using var nodes = await CreateAsync($"{Tables} DROP TABLE counts; {table};");
        var (types, found) = await Internal.BoundTypes.FindAsync(Count, nodes.Pool, default);
        Assert.Null(types);
        Assert.Contains(fault, found, StringComparison.Ordinal);

        // The others are announced.
        using var announcer = Announcer(nodes);
        await announcer.TurnAsync(renew: true, default);
        Assert.Equal(announcer.Contracts.Count - 1, await nodes.Directory.QueryAsync<long>("SELECT max(number) FROM contracts"));
    }

    [Fact]
    public async Task ACollationThatFindsDifferentTextsEqualIsRefused()
    {
        await using var nodes = await CreateAsync($"""
            CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            {Tables} ALTER TABLE things ALTER COLUMN d TYPE text COLLATE loose;
            """);
        var (types, fault) = await Internal.BoundTypes.FindAsync(ByAll, nodes.Pool, default);
        Assert.Null(types);
        Assert.Contains("deterministic", fault, StringComparison.Ordinal);
    }

    private static ContractAnnouncer Announcer(TestNodes nodes, TimeProvider? time = null) => new(
        Catalog.Methods, nodes.Pool,
        new DirectoryNotifications(nodes.Pool, new ShardRouter(nodes.Pool), TimeProvider.System, NullLogger<DirectoryNotifications>.Instance),
        time ?? TimeProvider.System, NullLogger<ContractAnnouncer>.Instance);

    private static Task PublishAsync(TestNodes nodes, MethodContract contract, string state) => nodes.Directory.ExecuteAsync($"""
        INSERT INTO contract_nodes (epoch, number, node, state, timeline, lsn)
        SELECT c.epoch, c.number, 'n1', {state} FROM contracts c JOIN directory_identity i USING (epoch)
        WHERE method = '{contract.FullName}' AND ended_at IS NULL ON CONFLICT DO NOTHING
        """);

    private async Task<TestNodes> CreateAsync(string tables)
    {
        var nodes = await TestNodes.CreateAsync(servers.Servers, hint: "announce");
        await nodes.Nodes[_node].ExecuteAsync($"DROP TABLE IF EXISTS things, counts, owned, parts; {tables}");
        return nodes;
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks = TimeSpan.TicksPerDay;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}

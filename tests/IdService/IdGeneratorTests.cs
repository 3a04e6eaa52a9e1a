using InstaGrpc.Contracts.Ids;
using InstaGrpc.Services.IdService;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.IdService.Tests;

public sealed class IdGeneratorTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>, IAsyncLifetime
{
    private readonly IdServiceOptions _options = new() { Window = TimeSpan.FromMilliseconds(200), MaxAhead = TimeSpan.FromSeconds(2) };
    private TestDatabase _database = null!;
    private NpgsqlDataSource _directory = null!;

    public async Task InitializeAsync()
    {
        _database = await DirectoryDatabase.CreateAsync(fixture.Servers);
        _directory = NpgsqlDataSource.Create(_database.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        await _directory.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task IdsAscendAndAreUniqueOverManyWindows()
    {
        await using var generator = Instance();
        var ids = new long[1_000_000];

        for (var at = 0; at < ids.Length; at += 50_000)
        {
            await generator.FillAsync(7, ids.AsMemory(at, 50_000), CancellationToken.None);
        }

        for (var i = 1; i < ids.Length; i++)
        {
            Assert.True(ids[i] > ids[i - 1], $"id {i} is not above the one before");
        }
        Assert.All(ids.Where((_, i) => i % 997 == 0), id => Assert.Equal(7, new InstaId(id).Shard));
        Assert.True(await _database.GrantedUntilAsync(7) > new InstaId(ids[^1]).Milliseconds, "an id lies beyond the last window");
    }

    [Fact]
    public async Task InstancesSideBySideNeverMakeTheSameId()
    {
        await using var one = Instance();
        await using var two = Instance();
        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            var ids = new long[100_000];
            for (var at = 0; at < ids.Length; at += 1_000)
            {
                await (n % 2 == 0 ? one : two).FillAsync(9, ids.AsMemory(at, 1_000), CancellationToken.None);
            }
            return ids;
        })));

        Assert.Equal(800_000, made.SelectMany(ids => ids).ToHashSet().Count);
    }

    [Fact]
    public async Task AnIdTellsWhenItWasMade()
    {
        await using var generator = Instance();
        var id = new long[1];

        await generator.FillAsync(3, id, CancellationToken.None);
        var now = await _database.QueryAsync<DateTime>("SELECT clock_timestamp()");

        Assert.InRange((new DateTimeOffset(now) - new InstaId(id[0]).Time).TotalMilliseconds, -_options.Window.TotalMilliseconds, 5_000);
    }

    [Fact]
    public async Task AShardWhoseLastWindowEndsFarAheadOfTheClockIsRefusedWithTheReason()
    {
        // What a directory looks like whose clock was set back by an hour.
        await _database.SetLastWindowAsync(5, ahead: TimeSpan.FromHours(1));
        await using var generator = Instance();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));

        var refused = await Assert.ThrowsAsync<IdsUnavailableException>(() => generator.FillAsync(5, new long[1], patience.Token).AsTask());

        Assert.Contains("shard 5", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ahead of the directory's clock", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASmallSetBackOfTheDirectorysClockIsBridgedInsideTheNextWindow()
    {
        await _database.SetLastWindowAsync(6, ahead: TimeSpan.FromSeconds(1));
        var before = await _database.GrantedUntilAsync(6);
        await using var generator = Instance();
        var id = new long[1];

        await generator.FillAsync(6, id, CancellationToken.None);

        Assert.InRange(new InstaId(id[0]).Milliseconds, before, before + (long)_options.Window.TotalMilliseconds - 1);
    }

    [Fact]
    public async Task AnOrderlyStopGivesTheRestOfTheWindowBack()
    {
        _options.Window = TimeSpan.FromSeconds(60);
        var id = new long[1];
        var first = Instance();
        await first.FillAsync(4, id, CancellationToken.None);
        await first.DisposeAsync();

        Assert.Equal(new InstaId(id[0]).Milliseconds + 1, await _database.GrantedUntilAsync(4));
    }

    [Fact]
    public async Task AWindowThatSomebodyWasGrantedMeanwhileIsNotTakenBack()
    {
        _options.Window = TimeSpan.FromSeconds(60);
        _options.MaxAhead = TimeSpan.FromSeconds(120);
        var first = Instance();
        await first.FillAsync(4, new long[1], CancellationToken.None);
        await using var second = Instance();
        await second.FillAsync(4, new long[1], CancellationToken.None);
        var granted = await _database.GrantedUntilAsync(4);

        await first.DisposeAsync();

        Assert.Equal(granted, await _database.GrantedUntilAsync(4));
    }

    [Fact]
    public async Task ManyShardsGetAndReturnTheirWindowsInAFewStatements()
    {
        var windows = new PostgresIdWindows(_directory, _options);
        await using var locked = await _database.OpenAsync();
        await using var transaction = await locked.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("LOCK TABLE id_windows IN EXCLUSIVE MODE", locked))
        {
            await hold.ExecuteNonQueryAsync();
        }
        var generator = new IdGenerator(windows, TimeProvider.System);
        var waiting = Enumerable.Range(0, 1_000).Select(shard => generator.FillAsync(shard, new long[1], CancellationToken.None).AsTask()).ToArray();
        await transaction.RollbackAsync();
        await Task.WhenAll(waiting);
        await generator.DisposeAsync();

        // xmin of rows that one statement wrote is the same.
        Assert.Equal(1_000L, await _database.QueryAsync<long>("SELECT count(*) FROM id_windows"));
        Assert.InRange(await _database.QueryAsync<long>("SELECT count(DISTINCT xmin::text) FROM id_windows"), 1, 3);
    }

    [Fact]
    public async Task ACallerWhoGivesUpDoesNotTakeTheWindowFromTheOthers()
    {
        await using var locked = await _database.OpenAsync();
        await using var transaction = await locked.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("LOCK TABLE id_windows IN EXCLUSIVE MODE", locked))
        {
            await hold.ExecuteNonQueryAsync();
        }
        await using var generator = Instance();
        using var impatient = new CancellationTokenSource();
        var first = generator.FillAsync(8, new long[1], impatient.Token).AsTask();
        var second = generator.FillAsync(8, new long[1], CancellationToken.None).AsTask();

        await impatient.CancelAsync();
        await Assert.ThrowsAsync<IdsUnavailableException>(() => first);
        await transaction.RollbackAsync();

        await second;
    }

    [Fact]
    public async Task ADirectoryThatIsAwayIsToldAsSuch()
    {
        await using var nobody = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=x;Database=x;Timeout=1");
        await using var generator = new IdGenerator(new PostgresIdWindows(nobody, _options), TimeProvider.System);

        var refused = await Assert.ThrowsAsync<IdsUnavailableException>(() => generator.FillAsync(1, new long[1], CancellationToken.None).AsTask());

        Assert.Contains("does not answer", refused.Message, StringComparison.Ordinal);
    }

    private IdGenerator Instance() => new(new PostgresIdWindows(_directory, _options), TimeProvider.System);
}

using System.Diagnostics;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.IdService.Tests;

/// <summary>Instances in processes of their own, killed and frozen at moments that nobody chose.</summary>
public sealed class KilledInstanceTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task InstancesThatAreKilledAndStartedAgainLeaveNoDouble()
    {
        await using var database = await DirectoryDatabase.CreateAsync(fixture.Servers);
        var made = new HashSet<long>();
        using var steady = new Instance(database.ConnectionString, shard: 11, windowMs: 50);

        for (var round = 0; round < 5; round++)
        {
            using var victim = new Instance(database.ConnectionString, shard: 11, windowMs: 50);
            await AddAsync(made, victim, lines: 20 + 13 * round);
            victim.Kill();
            await AddRestAsync(made, victim);
            await AddAsync(made, steady, lines: 50);
        }
        await StopAsync(made, steady);
    }

    [Fact]
    public async Task AnInstanceThatWasFrozenLongerThanItsWindowLeavesNoDouble()
    {
        await using var database = await DirectoryDatabase.CreateAsync(fixture.Servers);
        var made = new HashSet<long>();
        using var frozen = new Instance(database.ConnectionString, shard: 12, windowMs: 50);
        using var other = new Instance(database.ConnectionString, shard: 12, windowMs: 50);
        await AddAsync(made, frozen, lines: 20);

        for (var round = 0; round < 3; round++)
        {
            frozen.Signal("STOP");
            var windowsBefore = await LastMsAsync(database);
            do
            {
                await AddAsync(made, other, lines: 50);
            }
            while (await LastMsAsync(database) < windowsBefore + 200); // four windows later
            frozen.Signal("CONT");
            await AddAsync(made, frozen, lines: 50);
        }
        await StopAsync(made, frozen);
        await StopAsync(made, other);
    }

    private static Task<long> LastMsAsync(TestDatabase database) => database.QueryAsync<long>("SELECT max(last_ms) FROM id_windows");

    private static async Task AddAsync(HashSet<long> made, Instance instance, int lines)
    {
        for (var n = 0; n < lines; n++)
        {
            Add(made, await instance.ReadLineAsync() ?? throw new InvalidOperationException("the instance ended: " + instance.Errors));
        }
    }

    private static async Task AddRestAsync(HashSet<long> made, Instance instance)
    {
        while (await instance.ReadLineAsync() is { } line)
        {
            Add(made, line);
        }
    }

    private static async Task StopAsync(HashSet<long> made, Instance instance)
    {
        instance.EndInput();
        await AddRestAsync(made, instance);
    }

    private static void Add(HashSet<long> made, string line)
    {
        var fields = line.Split(' ');
        if (fields[^1] != ".")
        {
            return; // cut by the kill: nobody was told these ids
        }
        foreach (var field in fields.AsSpan(0, fields.Length - 1))
        {
            var id = long.Parse(field, System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(made.Add(id), $"id {id} was made twice");
        }
    }

    private sealed class Instance : IDisposable
    {
        private readonly Process _process;

        public Instance(string directory, int shard, int windowMs)
        {
            var program = typeof(IdServiceInstance).Assembly.Location;
            _process = Process.Start(new ProcessStartInfo("dotnet", [program, directory, $"{shard}", $"{windowMs}"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }

        public string Errors => _process.StandardError.ReadToEnd();

        public async Task<string?> ReadLineAsync() => await _process.StandardOutput.ReadLineAsync().WaitAsync(Limit);

        public void Signal(string name)
        {
            using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
            kill.WaitForExit();
        }

        public void Kill() => _process.Kill();

        public void EndInput() => _process.StandardInput.Close();

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }
            _process.Dispose();
        }
    }
}

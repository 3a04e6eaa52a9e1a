
using Microsoft.Extensions.Configuration;

namespace InstaGrpc.Mesh.Tests;

public sealed class OverrideTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const string Key = "Insta:Methods:test.notes.v1.NotesService/";

    [Fact]
    public async Task AnOverrideNarrowsLiveAndARefusedOneLeavesTheContract()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers, new() { [Key + "Describe:DeadlineMs"] = "20000" });
        var narrowed = await RemainingAsync(host);
        Set(host, "Describe:DeadlineMs", "10000");
        var narrower = await RemainingAsync(host);
        Set(host, "Describe:DeadlineMs", "90000");
        var refused = await RemainingAsync(host);

        Assert.InRange(narrowed, 1, 20_000);
        Assert.InRange(narrower, 1, 10_000);
        Assert.InRange(refused, 20_001, 30_000);
        Assert.Contains(host.Errors, e => e.Contains("DeadlineMs = 90000 would widen the contract's 30000", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheKillSwitchAnswersUncached()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers, new() { [Key + "GetNote:Cache:Mode"] = "off" });
        const long Note = 1L << 23;
        await host.Notes.WriteNoteAsync(new() { NoteId = Note, Text = "n" }, NotesHost.As("user:1"));
        for (var i = 0; i < 3; i++)
        {
            await host.Notes.GetNoteAsync(new() { NoteId = Note }, NotesHost.As("user:1"));
        }

        Assert.Equal(3, host.Log.Runs("GetNote", Note));
    }

    [Theory]
    [InlineData("GetNote:Cache:MaxStaleMs", "600", "would widen the contract's 500")]
    [InlineData("GetNote:Cache:MaxStaleMs", "100", "must be 0 or at least 200")]
    [InlineData("GetNote:Cache:TtlSeconds", "301", "would widen the contract's 300")]
    [InlineData("GetNote:Cache:L1TtlMs", "1001", "would widen the contract's 1000")]
    [InlineData("GetNote:Cache:Mode", "of", "cannot be \"of\"")]
    [InlineData("GetNote:Cache:Mod", "off", "is no setting of a method")]
    [InlineData("ReadNote:Cache:Mode", "off", "is about a method that is not cached")]
    [InlineData("BatchGetNotes:Cache:Mode", "off", "has to be set at test.notes.v1.NotesService/GetNote")]
    [InlineData("Limited:RateLimit:PermitsPerSecond", "2", "would widen the contract's 0.5")]
    [InlineData("Limited:RateLimit:Burst", "9", "would widen the contract's 3")]
    [InlineData("Describe:DeadlineMs", "-1", "cannot be \"-1\"")]
    public async Task AnOverrideThatWidensOrMeansNothingStopsTheStart(string setting, string value, string reason)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => NotesHost.StartAsync(servers.Servers, new() { [Key + setting] = value }));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheEffectiveTableShowsWhatIsOverriddenAndWhatIsRefused()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            [Key + "GetNote:Cache:Mode"] = "off",
            [Key + "Describe:DeadlineMs"] = "1000",
            [Key + "ListNotes:Cache:TtlSeconds"] = "900",
        }).Build();

        var table = EffectivePolicyTable.Render([NotesV1.NotesService.Descriptor], configuration);

        Assert.Equal(1, Count(table, "OVERRIDDEN: not cached\n"));
        Assert.Equal(1, Count(table, "OVERRIDDEN: deadline 1000 ms\n"));
        Assert.Equal(1, Count(table, "REFUSED: Insta:Methods:test.notes.v1.NotesService/ListNotes:Cache:TtlSeconds = 900 would widen"));
        Assert.Equal(2, Count(table, "OVERRIDDEN"));

        static int Count(string text, string part) => text.Split(part).Length - 1;
    }

    private static void Set(NotesHost host, string setting, string value)
    {
        host.Settings[Key + setting] = value;
        host.Configuration.Reload();
    }

    private static async Task<long> RemainingAsync(NotesHost host) =>
        (await host.Notes.DescribeAsync(new() { Name = Guid.NewGuid().ToString() })).RemainingMs;
}

using Grpc.Core;

namespace InstaGrpc.Mesh.Tests;

public sealed class UndeclaredTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const long Note = (1L << 23) | (7 << 10);

    [Fact]
    public async Task InDevelopmentAnUndeclaredReadIsAnError()
    {
        await using var host = await StartAsync("Development");

        foreach (var call in Calls(host))
        {
            var error = await Assert.ThrowsAsync<RpcException>(call);
            Assert.Equal(StatusCode.Internal, error.StatusCode);
            Assert.StartsWith("an internal error; trace ", error.Status.Detail, StringComparison.Ordinal);
        }

        Assert.Contains(host.Errors, e => e.Contains("ReadUndeclaredTable is cached and its handler reads marks", StringComparison.Ordinal)
            && e.Contains("depends_on { table: \"marks\" bind { field: \"note_id\" column: … } }", StringComparison.Ordinal));
        Assert.Contains(host.Errors, e =>
            e.Contains("ReadUndeclaredCaller is cached and its handler reads the caller's identity", StringComparison.Ordinal));
        Assert.Contains(host.Errors, e =>
            e.Contains("ReadNothing is cached, but its handler neither opens a session", StringComparison.Ordinal));
    }

    [Fact]
    public async Task InProductionItIsAnsweredUncached()
    {
        await using var host = await StartAsync("Production");
        var one = await host.Notes.ReadUndeclaredCallerAsync(new() { NoteId = Note }, NotesHost.As("user:1"));
        var two = await host.Notes.ReadUndeclaredCallerAsync(new() { NoteId = Note }, NotesHost.As("user:2"));

        Assert.Equal(("user:1", "user:2"), (one.Caller, two.Caller));
        Assert.Equal("0", (await host.Notes.ReadUndeclaredTableAsync(new() { NoteId = Note }, NotesHost.As("user:1"))).Word);
        Assert.Equal("0", (await host.Notes.ReadUndeclaredTableAsync(new() { NoteId = Note }, NotesHost.As("user:1"))).Word);
        Assert.Equal(2, host.Log.Runs("ReadUndeclaredTable", Note));
    }

    [Theory]
    [InlineData("Development", true)]
    [InlineData("Staging", true)]
    [InlineData("Production", false)]
    public async Task TablesAreAuditedByDefaultWhereverItIsNotProduction(string environment, bool audited)
    {
        await using var host = await StartAsync(environment, []);
        var call = async () => await host.Notes.ReadUndeclaredTableAsync(new() { NoteId = Note }, NotesHost.As("user:1"));
        if (audited) Assert.Equal(StatusCode.Internal, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);
        else Assert.Equal("0", (await call()).Word);
    }

    private static IEnumerable<Func<Task>> Calls(NotesHost host)
    {
        yield return async () => await host.Notes.ReadUndeclaredTableAsync(new() { NoteId = Note }, NotesHost.As("user:1"));
        yield return async () => await host.Notes.ReadUndeclaredCallerAsync(new() { NoteId = Note }, NotesHost.As("user:1"));
        yield return async () => await host.Notes.ReadNothingAsync(new() { NoteId = Note }, NotesHost.As("user:1"));
    }

    private async Task<NotesHost> StartAsync(string environment, Dictionary<string, string?>? settings = null)
    {
        var host = await NotesHost.StartAsync(servers.Servers, settings ?? new() { ["Insta:Cache:AuditDependencies"] = "true" }, environment);
        await host.Notes.WriteNoteAsync(new() { NoteId = Note, Text = "n" }, NotesHost.As("user:1"));
        return host;
    }
}

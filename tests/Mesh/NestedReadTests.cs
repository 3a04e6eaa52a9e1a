namespace InstaGrpc.Mesh.Tests;

public sealed class NestedReadTests(StreamFixture fixture) : IClassFixture<StreamFixture>
{
    [Fact]
    public async Task AnInnerReadSharesItsOuterRunsAdmission()
    {
        var servers = new AssemblyServers();
        await servers.InitializeAsync();
        await using var host = await NotesHost.StartAsync(
            servers.Servers, new() { ["Insta:Cache:AdmissionPerNode"] = "1", ["Insta:Memcached:Servers"] = "" });
        const long Note = 1L << 23;
        await host.Notes.WriteNoteAsync(new() { NoteId = Note, Text = "inner" }, NotesHost.As("user:1"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
            (await host.Notes.GetNoteTextAsync(new() { NoteId = Note }, NotesHost.As("user:1"))).Text));

        Assert.All(answers, text => Assert.Equal("inner", text));
    }

    [Fact]
    public async Task AnOuterAnswerFollowsTheInnerOnesChanges()
    {
        var (id, _) = await fixture.WriteAsync();
        for (var i = 0; i < 20; i++)
        {
            await fixture.Host.Notes.GetNoteTextAsync(new() { NoteId = id }, NotesHost.As("user:5"));
            using var write = fixture.Host.Notes.WriteNoteAsync(new() { NoteId = id, Text = $"v{i}" }, NotesHost.As("user:5"));
            await write;
            var token = write.GetTrailers().GetValue("insta-lsn")!;

            var read = await fixture.Host.Notes.GetNoteTextAsync(new() { NoteId = id }, NotesHost.As("user:5", ("insta-lsn", token)));

            Assert.Equal($"v{i}", read.Text);
        }
    }
}

using Grpc.Core;
using InstaGrpc.Mesh.Tests.NotesV1;

namespace InstaGrpc.Mesh.Tests;

public sealed class ClientTests(NotesFixture fixture) : IClassFixture<NotesFixture>
{
    [Fact]
    public async Task AHandlersCallsAreItsServicesOnBehalfOfItsUser()
    {
        var seen = await fixture.Host.Notes.RelayAsync(new() { Describe = new() { Name = Guid.NewGuid().ToString() } },
            NotesHost.As("user:5"));

        Assert.Equal("service:notes", seen.Describe.Caller);
        Assert.Equal("5", seen.Describe.UserId);
    }

    [Fact]
    public async Task UnavailableIsRepeatedAsOftenAsTheContractSays()
    {
        var twice = await fixture.Host.Notes.RelayAsync(
            new() { Describe = new() { Name = Guid.NewGuid().ToString(), FailTimes = 2 } }, NotesHost.As("user:5"));
        var thrice = await Assert.ThrowsAsync<RpcException>(async () => await fixture.Host.Notes.RelayAsync(
            new() { Describe = new() { Name = Guid.NewGuid().ToString(), FailTimes = 3 } }, NotesHost.As("user:5")));

        Assert.Equal(3u, twice.Describe.Attempts);
        Assert.Equal(StatusCode.Unavailable, thrice.StatusCode);
    }

    [Fact]
    public async Task TokensOfTheRequestAndOfWritesTravelOnAndComeBack()
    {
        var headers = NotesHost.As("user:5", ("insta-lsn", "elsewhere=1/0/10"));
        var described = await fixture.Host.Notes.RelayAsync(new() { Describe = new() { Name = Guid.NewGuid().ToString() } }, headers);
        using var write = fixture.Host.Notes.RelayAsync(new() { Write = new() { NoteId = 77, Text = "hello" } }, headers);
        await write;

        Assert.Equal("elsewhere=1/0/10", described.Describe.Token);
        var token = Contracts.Positions.ReadToken.Parse(write.GetTrailers().GetValue("insta-lsn")!);
        Assert.Single(token.Positions);
        Assert.Contains(token.Positions[0].Key.Value, new[] { "one", "two" });
    }

    [Fact]
    public async Task TokensOfWritesComeBackAtTheEndOfAStreamOfAnswers()
    {
        var note = new WriteNoteRequest { NoteId = 79, Text = "streamed" };
        RelayRequest[] requests = [new() { WriteNotes = new() { Note = note } }, new() { WriteEach = new() { Note = note } }];
        foreach (var request in requests)
        {
            using var call = fixture.Host.Notes.RelayAsync(request, NotesHost.As("user:5"));
            await call;
            Assert.NotNull(call.GetTrailers().GetValue("insta-lsn"));
        }

        // What failed has written before.
        var failed = await Assert.ThrowsAsync<RpcException>(async () => await fixture.Host.Notes.RelayAsync(
            new() { WriteNotes = new() { Note = note, Fail = true } }, NotesHost.As("user:5")));
        Assert.Equal(StatusCode.FailedPrecondition, failed.StatusCode);
        Assert.NotNull(failed.Trailers.GetValue("insta-lsn"));
    }

    [Fact]
    public async Task TheShardMapsEpochGoesAlong()
    {
        await fixture.Host.Notes.WriteNoteAsync(new() { NoteId = 78, Text = "x" }, NotesHost.As("user:5"));

        var seen = await fixture.Host.Notes.RelayAsync(new() { Describe = new() { Name = Guid.NewGuid().ToString() } },
            NotesHost.As("user:5"));

        Assert.True(long.TryParse(seen.Describe.Epoch, out _), $"epoch \"{seen.Describe.Epoch}\"");
    }

    [Fact]
    public async Task AWriteGoesToTheNodeOfItsIdAndIsRead()
    {
        foreach (var id in new[] { 1L << 10, 5000L << 10 })
        {
            await fixture.Host.Notes.WriteNoteAsync(new() { NoteId = id, Text = "n" }, NotesHost.As("user:5"));
            Assert.Equal("n", (await fixture.Host.Notes.ReadNoteAsync(new() { NoteId = id }, NotesHost.As("user:5"))).Note.Text);
        }

        var counts = await Task.WhenAll(fixture.Host.Nodes.Select(n =>
            n.QueryAsync<long>($"SELECT count(*) FROM notes WHERE id IN ({1L << 10}, {5000L << 10})")));
        Assert.Equal([1L, 1L], counts);
    }
}

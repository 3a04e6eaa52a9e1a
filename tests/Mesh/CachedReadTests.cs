using Grpc.Core;
using InstaGrpc.Mesh.Tests.NotesV1;

namespace InstaGrpc.Mesh.Tests;

public sealed class CachedReadTests(StreamFixture fixture) : IClassFixture<StreamFixture>
{
    private static readonly Metadata s_user = NotesHost.As("user:5");

    private NotesHost Host => fixture.Host;

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public async Task ACachedReadRunsItsHandlerOnce(int shard)
    {
        var (id, token) = await fixture.WriteAsync(shard);
        await WaitUntilHonouredAsync(id, token);
        var runs = Host.Log.Runs("GetNote", id);

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("first", (await Host.Notes.GetNoteAsync(new() { NoteId = id }, s_user)).Note.Text);
        }

        Assert.Equal(runs, Host.Log.Runs("GetNote", id));
    }

    [Fact]
    public async Task AReadWithAWritesTokenSeesIt()
    {
        var (id, _) = await fixture.WriteAsync();
        for (var i = 0; i < 30; i++)
        {
            await Host.Notes.GetNoteAsync(new() { NoteId = id }, s_user);
            using var write = Host.Notes.WriteNoteAsync(new() { NoteId = id, Text = $"v{i}" }, s_user);
            await write;
            var token = write.GetTrailers().GetValue("insta-lsn")!;

            var read = await Host.Notes.GetNoteAsync(new() { NoteId = id }, NotesHost.As("user:5", ("insta-lsn", token)));

            Assert.Equal($"v{i}", read.Note.Text);
        }
    }

    [Fact]
    public async Task AChangeByPsqlInvalidates()
    {
        var (id, token) = await fixture.WriteAsync();
        await WaitUntilHonouredAsync(id, token);
        await Host.Nodes[0].ExecuteAsync($"UPDATE notes SET text = 'by hand' WHERE id = {id}");
        await Host.Nodes[1].ExecuteAsync($"UPDATE notes SET text = 'by hand' WHERE id = {id}");

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await Host.Notes.GetNoteAsync(new() { NoteId = id }, s_user, cancellationToken: patience.Token)).Note.Text != "by hand")
        {
        }
    }

    [Fact]
    public async Task WhatDoesNotExistIsNotFoundAndCachedAsThat()
    {
        var id = fixture.NewId();
        var runs = new List<int>();
        for (var i = 0; i < 10; i++)
        {
            var error = await Assert.ThrowsAsync<RpcException>(async () => await Host.Notes.GetNoteAsync(new() { NoteId = id }, s_user));
            Assert.Equal(StatusCode.NotFound, error.StatusCode);
            runs.Add(Host.Log.Runs("GetNote", id));
        }

        Assert.Equal(runs[4], runs[9]);
    }

    [Fact]
    public async Task ABatchSharesTheItemsEntriesAndKeepsTheRequestsOrder()
    {
        var notes = new List<(long Id, string Token)>();
        for (var i = 0; i < 6; i++)
        {
            notes.Add(await fixture.WriteAsync(shard: i % 2 * 5000, text: $"note {i}"));
        }

        await WaitUntilHonouredAsync(notes[0].Id, notes[0].Token);
        await WaitUntilHonouredAsync(notes[1].Id, notes[1].Token);
        var missing = fixture.NewId();
        var request = new BatchGetNotesRequest
        {
            NoteIds = { notes[5].Id, missing, notes[0].Id, notes[3].Id, notes[1].Id, notes[0].Id, notes[2].Id, notes[4].Id },
        };
        long[] expected = [notes[5].Id, notes[0].Id, notes[3].Id, notes[1].Id, notes[2].Id, notes[4].Id];
        var batchRuns = () => request.NoteIds.Sum(id => Host.Log.Runs("BatchGetNotes", id));

        Assert.Equal(expected, (await Host.Notes.BatchGetNotesAsync(request, s_user)).Notes.Select(n => n.Id));
        Assert.Equal(0, Host.Log.Runs("BatchGetNotes", notes[0].Id));
        Assert.Equal(expected, (await Host.Notes.BatchGetNotesAsync(request, s_user)).Notes.Select(n => n.Id));
        var afterTwo = batchRuns();
        Assert.Equal(expected, (await Host.Notes.BatchGetNotesAsync(request, s_user)).Notes.Select(n => n.Id));
        var single = await Host.Notes.GetNoteAsync(new() { NoteId = notes[4].Id }, s_user);

        Assert.Equal("note 4", single.Note.Text);
        Assert.Equal(afterTwo, batchRuns());
        Assert.Equal(0, Host.Log.Runs("GetNote", notes[4].Id));
    }

    [Fact]
    public async Task TooManyOrWrongKeysOfABatchAreNamed()
    {
        var tooMany = new BatchGetNotesRequest { NoteIds = { Enumerable.Range(1, 101).Select(i => (long)i << 23) } };
        var wrong = new BatchGetNotesRequest { NoteIds = { 1L << 23, -4 } };

        Assert.Equal("note_ids: has 101 entries; at most 100 are allowed", (await RefusedAsync(tooMany)).Status.Detail);
        Assert.Equal("note_ids[1]: must be an id: a number above 0", (await RefusedAsync(wrong)).Status.Detail);

        async Task<RpcException> RefusedAsync(BatchGetNotesRequest request) =>
            await Assert.ThrowsAsync<RpcException>(async () => await Host.Notes.BatchGetNotesAsync(request, s_user));
    }

    [Fact]
    public async Task AnAnswerThatVariesByCallerReachesNobodyElse()
    {
        var (id, _) = await fixture.WriteAsync();
        foreach (var node in Host.Nodes)
        {
            await node.ExecuteAsync($"INSERT INTO marks VALUES ({id}, 11, 'eleven'), ({id}, 12, 'twelve')");
        }

        for (var i = 0; i < 5; i++)
        {
            foreach (var (user, word) in new[] { (11, "eleven"), (12, "twelve"), (13, "") })
            {
                var mark = await Host.Notes.GetMarkAsync(new() { NoteId = id }, NotesHost.As($"user:{user}"));
                Assert.Equal((user, word), ((int)mark.UserId, mark.Word));
            }
        }
    }

    [Fact]
    public async Task AListShowsAnInsertAndRefusesATokenThatItDidNotGive()
    {
        var owner = fixture.NewId();
        var (id, _) = await WriteOfAsync(owner, "one");
        await Host.Notes.ListNotesAsync(new() { OwnerId = owner }, s_user);
        var (second, token) = await WriteOfAsync(owner, "two");

        var list = await Host.Notes.ListNotesAsync(new() { OwnerId = owner, PageSize = 1 }, NotesHost.As("user:5", ("insta-lsn", token)));
        var rest = await Host.Notes.ListNotesAsync(
            new() { OwnerId = owner, PageSize = 1, PageToken = list.NextPageToken }, NotesHost.As("user:5", ("insta-lsn", token)));
        var madeUp = await Assert.ThrowsAsync<RpcException>(
            async () => await Host.Notes.ListNotesAsync(new() { OwnerId = owner, PageToken = "nonsense" }, s_user));

        Assert.Equal(second, Assert.Single(list.Notes).Id);
        Assert.Equal(id, Assert.Single(rest.Notes).Id);
        Assert.Equal(StatusCode.InvalidArgument, madeUp.StatusCode);
        Assert.StartsWith("page_token:", madeUp.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnInvalidRequestOfACachedMethodIsAnErrorEachTime()
    {
        for (var i = 0; i < 3; i++)
        {
            var error = await Assert.ThrowsAsync<RpcException>(
                async () => await Host.Notes.ListNotesAsync(new() { OwnerId = 1L << 23, PageSize = 101 }, s_user));
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        }
    }

    private async Task<(long Id, string Token)> WriteOfAsync(long owner, string text)
    {
        var id = fixture.NewId();
        using var call = Host.Notes.WriteNoteAsync(new() { NoteId = id, Text = text }, NotesHost.As($"user:{owner}"));
        await call;
        return (id, call.GetTrailers().GetValue("insta-lsn")!);
    }

    /// <summary>Reads with the write's token until such a read is a hit: the stream has come as far, and the entry is filled.</summary>
    private async Task WaitUntilHonouredAsync(long id, string token)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var before = Host.Log.Runs("GetNote", id);
            await Host.Notes.GetNoteAsync(
                new() { NoteId = id }, NotesHost.As("user:5", ("insta-lsn", token)), cancellationToken: patience.Token);
            if (Host.Log.Runs("GetNote", id) == before)
            {
                return;
            }
        }
    }
}

using System.Globalization;
using Grpc.Core;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Tests.NotesV1;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Mesh.Tests;

/// <summary>What a team would write: no word about caching.</summary>
public sealed class NotesGrpcService(INodeReads reads, INodeWrites writes, NotesLog log, NotesService.NotesServiceClient self)
    : NotesService.NotesServiceBase
{
    private const string List = "notes";

    public override async Task<WriteNoteResponse> WriteNote(WriteNoteRequest request, ServerCallContext context)
    {
        var owner = context.RequireUser();
        if (request.Text.Length > 20)
        {
            throw new InvalidFieldException("text", "must be at most 20 characters");
        }

        await writes.RunAsync(request.NoteId, async (connection, transaction, ct) =>
        {
            await using var command = new NpgsqlCommand(
                "INSERT INTO notes (id, owner_id, text) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET text = excluded.text",
                    connection, transaction);
            command.Parameters.Add(new() { Value = request.NoteId });
            command.Parameters.Add(new() { Value = owner });
            command.Parameters.Add(new() { Value = request.Text });
            return await command.ExecuteNonQueryAsync(ct);
        }, context.CancellationToken);
        return new() { Note = new() { Id = request.NoteId, OwnerId = owner, Text = request.Text } };
    }

    public override async Task WriteNotes(
        WriteNotesRequest request, IServerStreamWriter<WriteNotesResponse> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(new() { Note = (await WriteNote(request.Note, context)).Note });
        if (request.Fail)
        {
            throw new FailedPreconditionException("after the write");
        }
    }

    public override async Task WriteEach(
        IAsyncStreamReader<WriteEachRequest> requestStream, IServerStreamWriter<WriteEachResponse> responseStream, ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(new() { Note = (await WriteNote(request.Note, context)).Note });
        }
    }

    public override async Task<ReadNoteResponse> ReadNote(ReadNoteRequest request, ServerCallContext context) =>
        new() { Note = await FindAsync(request.NoteId, context) };

    public override async Task<GetNoteResponse> GetNote(GetNoteRequest request, ServerCallContext context)
    {
        log.Add("GetNote", request.NoteId);
        return new() { Note = await FindAsync(request.NoteId, context) };
    }

    public override async Task<BatchGetNotesResponse> BatchGetNotes(BatchGetNotesRequest request, ServerCallContext context)
    {
        foreach (var id in request.NoteIds)
        {
            log.Add("BatchGetNotes", id);
        }

        var session = await reads.OpenAsync(context.CancellationToken);
        await using var command = session.Command("SELECT id, owner_id, text FROM notes WHERE id = ANY($1)",
            new NpgsqlParameter { Value = request.NoteIds.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(context.CancellationToken);
        var response = new BatchGetNotesResponse();
        while (await reader.ReadAsync(context.CancellationToken))
        {
            response.Notes.Add(Read(reader));
        }

        return response;
    }

    public override async Task<GetMarkResponse> GetMark(GetMarkRequest request, ServerCallContext context)
    {
        var user = context.RequireUser();
        log.Add("GetMark", user);
        var session = await reads.OpenAsync(context.CancellationToken);
        await using var command = session.Command("SELECT word FROM marks WHERE note_id = $1 AND user_id = $2",
            new NpgsqlParameter { Value = request.NoteId }, new NpgsqlParameter { Value = user });
        return new() { UserId = user, Word = await command.ExecuteScalarAsync(context.CancellationToken) as string ?? "" };
    }

    public override async Task<ListNotesResponse> ListNotes(ListNotesRequest request, ServerCallContext context)
    {
        log.Add("ListNotes", request.OwnerId);
        var page = Page.Read(List, request.OwnerId, request.PageSize, request.PageToken);
        var session = await reads.OpenAsync(context.CancellationToken);
        await using var command = session.Command(
            "SELECT id, owner_id, text FROM notes WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            new NpgsqlParameter { Value = request.OwnerId }, new NpgsqlParameter { Value = page.After ?? long.MaxValue },
            new NpgsqlParameter { Value = page.Size });
        await using var reader = await command.ExecuteReaderAsync(context.CancellationToken);
        var response = new ListNotesResponse();
        while (await reader.ReadAsync(context.CancellationToken))
        {
            response.Notes.Add(Read(reader));
        }

        if (response.Notes.Count == page.Size)
        {
            response.NextPageToken = page.Next(response.Notes[^1].Id);
        }

        return response;
    }

    public override async Task<GetNoteTextResponse> GetNoteText(GetNoteTextRequest request, ServerCallContext context)
    {
        log.Add("GetNoteText", request.NoteId);
        return new() { Text = (await self.GetNoteAsync(new() { NoteId = request.NoteId })).Note.Text };
    }

    public override async Task<ReadUndeclaredTableResponse> ReadUndeclaredTable(ReadUndeclaredTableRequest request,
        ServerCallContext context)
    {
        log.Add("ReadUndeclaredTable", request.NoteId);
        await FindAsync(request.NoteId, context);
        var session = await reads.OpenAsync(context.CancellationToken);
        await using var command = session.Command("SELECT count(*) FROM marks WHERE note_id = $1",
            new NpgsqlParameter { Value = request.NoteId });
        return new() { Word = Convert.ToString(await command.ExecuteScalarAsync(context.CancellationToken), CultureInfo.InvariantCulture) };
    }

    public override async Task<ReadUndeclaredCallerResponse> ReadUndeclaredCaller(ReadUndeclaredCallerRequest request,
        ServerCallContext context)
    {
        await FindAsync(request.NoteId, context);
        return new() { Caller = context.GetCaller().ToString() };
    }

    public override Task<ReadNothingResponse> ReadNothing(ReadNothingRequest request, ServerCallContext context) =>
        Task.FromResult(new ReadNothingResponse());

    public override async Task<RelayResponse> Relay(RelayRequest request, ServerCallContext context) => request.WhatCase switch
    {
        RelayRequest.WhatOneofCase.Write => new() { Write = await self.WriteNoteAsync(request.Write) },
        RelayRequest.WhatOneofCase.Get => new() { Get = await self.GetNoteAsync(request.Get) },
        RelayRequest.WhatOneofCase.WriteNotes => await RelayAsync(request.WriteNotes, context.CancellationToken),
        RelayRequest.WhatOneofCase.WriteEach => await RelayAsync(request.WriteEach, context.CancellationToken),
        _ => new() { Describe = await self.DescribeAsync(request.Describe) },
    };

    public override Task<DescribeResponse> Describe(DescribeRequest request, ServerCallContext context)
    {
        var attempts = log.Attempt(request.Name);
        if (attempts <= request.FailTimes)
        {
            throw new UnavailableException("not yet");
        }

        if (attempts <= request.RefuseTimes)
        {
            throw new WrongShardException(42);
        }

        var caller = context.GetCaller();
        return Task.FromResult(new DescribeResponse
        {
            Caller = caller.ToString(),
            UserId = caller.UserId?.ToString(CultureInfo.InvariantCulture) ?? "",
            RemainingMs = context.Deadline == DateTime.MaxValue ? -1 : (long)(context.Deadline - DateTime.UtcNow).TotalMilliseconds,
            Token = context.RequestHeaders.GetValue(MetadataNames.ReadToken) ?? "",
            Attempts = (uint)attempts,
            Epoch = context.RequestHeaders.GetValue(MetadataNames.Epoch) ?? "",
        });
    }

    public override Task<FailResponse> Fail(FailRequest request, ServerCallContext context) => throw (request.How switch
    {
        "not-found" => new EntityNotFoundException("note", 7),
        "already-exists" => new AlreadyExistsException("the note is there"),
        "invalid" => new InvalidFieldException("how", "must be good"),
        "precondition" => new FailedPreconditionException("first the other thing"),
        "denied" => new PermissionDeniedException("not yours"),
        "unauthenticated" => new UnauthenticatedException("who are you"),
        "exhausted" => new ResourceExhaustedException("too much", TimeSpan.FromMilliseconds(1500)),
        "unavailable" => new UnavailableException("it is away", new IOException("10.0.0.1 secret")),
        "deadline" => new DeadlineExceededException("too late"),
        "overdue" => new ReadOverdueException("the time of this read is over"),
        "called-late" => new RpcException(new Status(StatusCode.DeadlineExceeded, "")),
        "wrong-shard" => new WrongShardException(42),
        _ => new InvalidOperationException("secret inside of 10.0.0.1"),
    });

    public override Task<LimitedResponse> Limited(LimitedRequest request, ServerCallContext context) =>
        Task.FromResult(new LimitedResponse());

    public override async Task<WaitResponse> Wait(WaitRequest request, ServerCallContext context)
    {
        var cancelled = new TaskCompletionSource<WaitResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = context.CancellationToken.Register(() => cancelled.TrySetCanceled(context.CancellationToken));
        return await cancelled.Task;
    }

    public override async Task Count(CountRequest request, IServerStreamWriter<CountResponse> responseStream, ServerCallContext context)
    {
        for (var i = 1u; i <= request.Upto; i++)
        {
            await responseStream.WriteAsync(new() { Number = i });
        }
    }

    private async Task<RelayResponse> RelayAsync(WriteNotesRequest request, CancellationToken cancellation)
    {
        using var call = self.WriteNotes(request, cancellationToken: cancellation);
        await foreach (var _ in call.ResponseStream.ReadAllAsync(cancellation))
        {
        }

        return new();
    }

    private async Task<RelayResponse> RelayAsync(WriteEachRequest request, CancellationToken cancellation)
    {
        using var call = self.WriteEach(cancellationToken: cancellation);
        await call.RequestStream.WriteAsync(request, cancellation);
        await call.RequestStream.CompleteAsync();
        await foreach (var _ in call.ResponseStream.ReadAllAsync(cancellation))
        {
        }

        return new();
    }

    private static Note Read(NpgsqlDataReader reader) =>
        new() { Id = reader.GetInt64(0), OwnerId = reader.GetInt64(1), Text = reader.GetString(2) };

    private async Task<Note> FindAsync(long id, ServerCallContext context)
    {
        if (id <= 0)
        {
            throw new InvalidFieldException("note_id", "must be an id");
        }

        var session = await reads.OpenAsync(context.CancellationToken);
        await using var command = session.Command("SELECT id, owner_id, text FROM notes WHERE id = $1", new NpgsqlParameter { Value = id });
        await using var reader = await command.ExecuteReaderAsync(context.CancellationToken);
        return await reader.ReadAsync(context.CancellationToken) ? Read(reader) : throw new EntityNotFoundException("note", id);
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Tests.NotesV1;

namespace InstaGrpc.Mesh.Tests;

/// <summary>What a caller sees of an answer that goes out before the server has made a call of its request: nothing.</summary>
public sealed class ShortWayTests(StreamFixture fixture) : IClassFixture<StreamFixture>, IDisposable
{
    private const string Method = "test.notes.v1.NotesService/GetNote";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new()
    {
        DefaultRequestVersion = new(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private NotesHost Host => fixture.Host;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task ACopyIsAnsweredAsOneMessageWithStatusOk()
    {
        var (id, _) = await fixture.WriteAsync();
        using var limit = new CancellationTokenSource(s_limit);
        while (true)
        {
            var copies = await CopiesAsync();
            // One after the other: a copy does not live as long as a look at the metrics may take.
            (await SendAsync(Frame(id), NotesUser())).Dispose();
            using var response = await SendAsync(Frame(id), NotesUser());

            limit.Token.ThrowIfCancellationRequested();
            Assert.Equal("application/grpc", response.Content.Headers.ContentType?.ToString());
            var body = await response.Content.ReadAsByteArrayAsync();
            Assert.Equal("0", StatusOf(response));
            Assert.Equal(0, body[0]);
            Assert.Equal(body.Length - 5, BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)));
            Assert.Equal(id, GetNoteResponse.Parser.ParseFrom(body.AsSpan(5)).Note.Id);
            if (await CopiesAsync() > copies)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task WhatACallMayNotHaveIsRefusedAlthoughACopyIsThere()
    {
        var (id, _) = await fixture.WriteAsync();
        await WaitForACopyAsync(id);

        Assert.Equal(StatusCode.Unauthenticated, await RefusedAsync(Frame(id)));
        Assert.Equal(StatusCode.InvalidArgument, await RefusedAsync(Frame(id), (MetadataNames.Caller, "nonsense")));
        Assert.Equal(StatusCode.InvalidArgument, await RefusedAsync(Frame(id), NotesUser(), (MetadataNames.ReadToken, "nonsense")));
        Assert.Equal(StatusCode.InvalidArgument, await RefusedAsync(Frame(-1), NotesUser()));
        Assert.Equal(StatusCode.Internal, await RefusedAsync([.. Frame(id), .. Frame(id)], NotesUser()));
        Assert.Equal(StatusCode.Internal, await RefusedAsync(Frame(id)[..^1], NotesUser()));
    }

    [Fact]
    public async Task AnAnswerToManyCallsAtOnceIsEachCallersOwn()
    {
        var notes = new List<long>();
        for (var i = 0; i < 8; i++)
        {
            notes.Add((await fixture.WriteAsync(text: $"note {i}")).Id);
        }

        await WaitForACopyAsync(notes[0]);
        var texts = await Task.WhenAll(Enumerable.Range(0, 800).Select(async i =>
            (await Host.Notes.GetNoteAsync(new() { NoteId = notes[i % 8] }, NotesHost.As("user:5"))).Note.Text));

        Assert.All(texts.Select((text, i) => (text, i)), answer => Assert.Equal($"note {answer.i % 8}", answer.text));
    }

    private static (string, string) NotesUser() => (MetadataNames.Caller, "user:5");

    private static byte[] Frame(long id)
    {
        var message = new GetNoteRequest { NoteId = id }.ToByteArray();
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private static string? StatusOf(HttpResponseMessage response) =>
        (response.TrailingHeaders.TryGetValues("grpc-status", out var values)
            || response.Headers.TryGetValues("grpc-status", out values)) ? Assert.Single(values) : null;

    private async Task<StatusCode> RefusedAsync(byte[] body, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(body, headers);
        await response.Content.ReadAsByteArrayAsync();
        return (StatusCode)int.Parse(StatusOf(response)!, CultureInfo.InvariantCulture);
    }

    private async Task<HttpResponseMessage> SendAsync(byte[] body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Host.Address, Method))
        {
            Version = new(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new("trailers"));
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await _http.SendAsync(request);
    }

    private async Task WaitForACopyAsync(long id)
    {
        using var limit = new CancellationTokenSource(s_limit);
        var before = await CopiesAsync();
        do
        {
            // One after the other: a copy does not live as long as a look at the metrics may take.
            for (var i = 0; i < 3; i++)
            {
                await Host.Notes.GetNoteAsync(new() { NoteId = id }, NotesHost.As("user:5"), cancellationToken: limit.Token);
            }
        }
        while (await CopiesAsync() == before);
    }

    private Task<long> CopiesAsync() => CountAsync($"insta_cache_reads_total{{level=\"l1\",method=\"{Method}\"}}");

    private async Task<long> CountAsync(string sample)
    {
        var text = await _http.GetStringAsync(new Uri(Host.Address, "/metrics"));
        var line = text.Split('\n').FirstOrDefault(line => line.StartsWith(sample, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }
}

using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Mesh.Tests.NotesV1;
using Microsoft.Extensions.Configuration;

namespace InstaGrpc.Mesh.Tests;

public sealed class TraceTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const string Service = "test.notes.v1.NotesService";
    private const string Overrides = $"Insta:Methods:{Service}/";

    [Fact]
    public async Task SpansOfACallReachTheOtlpEndpointUnderTheCallersTraceWithTheConventionsNames()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var host = await StartAsync(receiver);
        var trace = Trace(sampled: true);

        await host.Notes.WriteNoteAsync(new() { NoteId = Note(42), Text = "n" }, NotesHost.As("user:1", trace.Header));

        var call = await receiver.FindAsync(span => span.Trace == trace.Id && span.Name == $"{Service}/WriteNote" && span.Tags.ContainsKey("insta.shard"));
        Assert.Equal("grpc", call.Tags["rpc.system"]);
        Assert.Equal(Service, call.Tags["rpc.service"]);
        Assert.Equal("WriteNote", call.Tags["rpc.method"]);
        Assert.Equal("0", call.Tags["rpc.grpc.status_code"]);
        Assert.Equal("42", call.Tags["insta.shard"]);
        var commit = await receiver.FindAsync(span => span.Trace == trace.Id && span.Name == "commit");
        Assert.Equal(call.Id, commit.Parent);
        Assert.Equal("postgresql", commit.Tags["db.system.name"]);
        Assert.Contains('/', commit.Tags["insta.position"]);
        var sql = await receiver.FindAsync(span => span.Trace == trace.Id
            && span.Tags.GetValueOrDefault("db.query.text", "").StartsWith("INSERT INTO notes", StringComparison.Ordinal));
        Assert.Equal("postgresql", sql.Tags["db.system.name"]);
    }

    [Fact]
    public async Task OfEachMethodsCallsItsPartIsKeptAndThatIsReadLive()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var host = await StartAsync(receiver, ("Insta:Otlp:SampleRatio", "0"), ($"{Overrides}WriteNote:SampleRatio", "1"));
        await using (host)
        {
            // Whose client says nothing of a trace.
            using var channel = GrpcChannel.ForAddress(
                host.Address, new() { HttpHandler = new SocketsHttpHandler { ActivityHeadersPropagator = null } });
            var notes = new NotesService.NotesServiceClient(channel);
            await notes.WriteNoteAsync(new() { NoteId = Note(101), Text = "n" }, NotesHost.As("user:1"));
            await notes.ReadNoteAsync(new() { NoteId = Note(101) }, NotesHost.As("user:1"));

            host.Settings[$"{Overrides}WriteNote:SampleRatio"] = "0";
            host.Settings["Insta:Otlp:SampleRatio"] = "1";
            host.Configuration.Reload();
            await notes.WriteNoteAsync(new() { NoteId = Note(102), Text = "n" }, NotesHost.As("user:1"));
            await notes.ReadNoteAsync(new() { NoteId = Note(102) }, NotesHost.As("user:1"));
            // What was kept is sent when it stops.
        }

        Assert.Equal(
            [("ReadNote", "102"), ("WriteNote", "101")],
            receiver.Spans.Where(span => span.Tags.GetValueOrDefault("insta.shard") is "101" or "102")
                .Select(span => (span.Tags["rpc.method"], span.Tags["insta.shard"])).Order());
    }

    [Fact]
    public async Task WhatFailsOrIsSlowIsKeptAlthoughItsCallerDidNotSampleIt()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var (quick, failed, slow) = (Trace(sampled: false), Trace(sampled: false), Trace(sampled: false));
        await using (var host = await StartAsync(receiver, ("Insta:Otlp:SlowCall", "00:10:00")))
        {
            await host.Notes.WriteNoteAsync(new() { NoteId = Note(7), Text = "n" }, NotesHost.As("user:1", quick.Header));
            await host.Nodes[0].ExecuteAsync("ALTER TABLE notes RENAME TO elsewhere");
            await host.Nodes[1].ExecuteAsync("ALTER TABLE notes RENAME TO elsewhere");
            var answer = await Assert.ThrowsAsync<RpcException>(async () =>
                await host.Notes.WriteNoteAsync(new() { NoteId = Note(7), Text = "n" }, NotesHost.As("user:1", failed.Header)));
            // Whoever is given the id of an internal error finds its trace.
            Assert.Contains(failed.Id, answer.Status.Detail);
            await host.Nodes[0].ExecuteAsync("ALTER TABLE elsewhere RENAME TO notes");
            await host.Nodes[1].ExecuteAsync("ALTER TABLE elsewhere RENAME TO notes");
            host.Settings["Insta:Otlp:SlowCall"] = "00:00:00.000001";
            host.Configuration.Reload();
            await host.Notes.WriteNoteAsync(new() { NoteId = Note(7), Text = "n" }, NotesHost.As("user:1", slow.Header));
        }

        Assert.DoesNotContain(receiver.Spans, span => span.Trace == quick.Id);
        Assert.Contains(receiver.Spans, span => span.Trace == failed.Id && span.IsError && span.Tags.GetValueOrDefault("rpc.method") == "WriteNote");
        Assert.Contains(receiver.Spans, span => span.Trace == slow.Id && span.Name == $"{Service}/WriteNote");
        // Whole: with what was done for it.
        Assert.Contains(receiver.Spans, span => span.Trace == slow.Id && span.Name == "commit");
    }

    [Fact]
    public async Task WhatIsKeptIsNotForTheOutsideToSay()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var (quick, slow, inside) = (Trace(sampled: true), Trace(sampled: true), Trace(sampled: true));
        await using (var host = await StartAsync(receiver, ("Insta:Otlp:SlowCall", "00:10:00"), ("Insta:Otlp:SampleRatio", "0")))
        {
            await host.Notes.WriteNoteAsync(new() { NoteId = Note(11), Text = "n" }, NotesHost.As("user:1", inside.Header));
            await RefusedAsync(host, quick.Header);
            host.Settings["Insta:Otlp:SlowCall"] = "00:00:00.000001";
            host.Configuration.Reload();
            await RefusedAsync(host, slow.Header);
        }

        Assert.Contains(receiver.Spans, span => span.Trace == inside.Id);
        Assert.DoesNotContain(receiver.Spans, span => span.Trace == quick.Id);

        // Nor what is left out: it goes on under its own trace.
        Assert.Contains(receiver.Spans, span => span.Trace == slow.Id && span.Name == $"{Service}/WriteNote");

        static async Task RefusedAsync(NotesHost host, (string, string) header) =>
            Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(async () => await host.NotesFromOutside.WriteNoteAsync(
                new() { NoteId = Note(11), Text = "n" }, NotesHost.As("user:1", header)))).StatusCode);
    }

    [Fact]
    public async Task AnExemplarOfTheMetricsNamesASampledCallsTrace()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var host = await StartAsync(receiver);
        var trace = Trace(sampled: true);
        await host.Notes.WriteNoteAsync(new() { NoteId = Note(9), Text = "n" }, NotesHost.As("user:1", trace.Header));

        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, "/metrics"))
        {
            Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Accept.ParseAdd("application/openmetrics-text");
        using var answer = await client.SendAsync(request);
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n');

        Assert.Equal("application/openmetrics-text", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains(lines, line => line.StartsWith("insta_rpc_duration_seconds_bucket", StringComparison.Ordinal)
            && line.Contains($"method=\"{Service}/WriteNote\"", StringComparison.Ordinal)
            && line.Contains($"# {{trace_id=\"{trace.Id}\",span_id=\"", StringComparison.Ordinal));
        Assert.Equal("# EOF", lines[^2]);
    }

    private static long Note(int shard) => InstaId.Create(5, shard, 1).Value;

    private static (string Id, (string, string) Header) Trace(bool sampled)
    {
        var id = Guid.NewGuid().ToString("N");
        return (id, ("traceparent", string.Create(CultureInfo.InvariantCulture, $"00-{id}-00f067aa0ba902b7-0{(sampled ? 1 : 0)}")));
    }

    private Task<NotesHost> StartAsync(OtlpReceiver receiver, params (string Key, string Value)[] settings) => NotesHost.StartAsync(
        servers.Servers,
        new Dictionary<string, string?>(settings.Select(static one => KeyValuePair.Create<string, string?>(one.Key, one.Value)))
        {
            ["Insta:Otlp:Endpoint"] = receiver.Address.ToString(),
        });
}

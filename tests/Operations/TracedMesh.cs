using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>A mesh that sends its spans to a real Jaeger or, where there is none, to a receiver in the test; a user of the app, and what he does in traces
/// of his own.</summary>
public sealed class TracedMesh : IAsyncLifetime
{
    private const string Caller = "00f067aa0ba902b7";

    private OwnServers? _servers;
    private ServingMesh? _mesh;
    private JaegerServer? _jaeger;
    private OtlpReceiver? _receiver;
    private Session? _session;

    /// <summary>Null: there is none on this machine.</summary>
    internal JaegerServer? Jaeger => _jaeger;

    internal ServingMesh Mesh => _mesh!;

    public async Task InitializeAsync()
    {
        if (new ToolFactAttribute("jaeger").Skip is null) _jaeger = await JaegerServer.StartAsync();
        else _receiver = await OtlpReceiver.StartAsync();
        _servers = await OwnServers.StartAsync(("INSTA__OTLP__ENDPOINT", (_jaeger?.Otlp ?? _receiver!.Address).ToString()));
        _mesh = await ServingMesh.StartAsync(_servers);
        await _mesh.StreamsAsync();
        _session = (await Mesh.App.SignUpAsync(new SignUpRequest
        {
            Name = "ada", DisplayName = "Ada", Password = "long enough", RequestId = "ada",
        })).Session;
    }

    public async Task DisposeAsync()
    {
        if (_mesh is not null) await _mesh.DisposeAsync();
        if (_servers is not null) await _servers.DisposeAsync();
        if (_jaeger is not null) await _jaeger.DisposeAsync();
        if (_receiver is not null) await _receiver.DisposeAsync();
    }

    /// <summary>A sampled trace that is begun by the app's user: its id, and what goes with the call.</summary>
    internal (string Trace, CallOptions Options) NewTrace()
    {
        var trace = Guid.NewGuid().ToString("N");
        return (trace, new CallOptions(
            new Metadata { { "authorization", "Bearer " + _session!.AccessToken }, { "traceparent", $"00-{trace}-{Caller}-01" } },
            DateTime.UtcNow + ServingMesh.Limit));
    }

    internal long UserId => _session!.User.Id;

    /// <summary>Posts, and waits until who asks for likes of the post is answered by the cache.</summary>
    internal async Task<long> CachedPostAsync()
    {
        var post = (await Mesh.App.PostAsync(
            new PostRequest { Caption = "a caption", RequestId = Guid.NewGuid().ToString("N") }, NewTrace().Options)).Post.Media.Id;
        await HasLikedAsync(post);
        return post;
    }

    internal async Task<bool> HasLikedAsync(long post) =>
        (await Mesh.Media.HasLikedAsync(new HasLikedRequest { MediaId = post }, ServingMesh.AsUser(UserId))).Like.Liked;

    /// <summary>The spans of a trace, once it has what it is asked for.</summary>
    internal Task<IReadOnlyList<ReceivedSpan>> TraceAsync(string trace, params string[] names) => UntilAsync(
        async () => Jaeger is { } jaeger ? await jaeger.TraceAsync(trace) : [.. _receiver!.Spans.Where(span => span.Trace == trace)],
        spans => names.All(name => spans.Any(span => span.Name.StartsWith(name, StringComparison.Ordinal))),
        spans => $"trace {trace} lacks one of {string.Join(", ", names)}; it has {string.Join(", ", spans.Select(static span => span.Name).Distinct())}");

    /// <summary>A span of this name that is linked to one of the spans, once there is one, and all spans of its trace.</summary>
    internal async Task<(ReceivedSpan Span, IReadOnlyList<ReceivedSpan> Trace)> LinkedAsync(string name, IReadOnlyList<ReceivedSpan> to, params string[] names)
    {
        var ids = to.Select(static span => (span.Trace, span.Id)).ToHashSet();
        var all = await UntilAsync(
            async () => Jaeger is { } jaeger ? await jaeger.TracesWithAsync("insta", name) : [.. _receiver!.Spans],
            spans => Find(spans) is not null,
            _ => $"no span '{name}' is linked to trace {to[0].Trace}");
        var found = Find(all)!;
        return (found, await TraceAsync(found.Trace, names));

        ReceivedSpan? Find(IReadOnlyList<ReceivedSpan> spans) => spans.FirstOrDefault(
            span => span.Name.StartsWith(name, StringComparison.Ordinal) && span.Links.Any(ids.Contains));
    }

    /// <summary>That every span has the one that it names as its parent, up to the caller's.</summary>
    internal static void AssertWhole(IReadOnlyList<ReceivedSpan> trace)
    {
        var ids = trace.Select(static span => span.Id).Append(Caller).Append("").ToHashSet(StringComparer.Ordinal);
        Assert.All(trace, span => Assert.True(
            ids.Contains(span.Parent),
            string.Create(CultureInfo.InvariantCulture, $"the parent of {span.Name} is not among the {trace.Count} spans of {span.Trace}")));
    }

    private static async Task<IReadOnlyList<ReceivedSpan>> UntilAsync(
        Func<Task<IReadOnlyList<ReceivedSpan>>> read, Func<IReadOnlyList<ReceivedSpan>, bool> isIt, Func<IReadOnlyList<ReceivedSpan>, string> fault)
    {
        using var limit = new CancellationTokenSource(ServingMesh.Limit);
        while (true)
        {
            var spans = await read();
            if (isIt(spans)) return spans;
            Assert.False(limit.IsCancellationRequested, fault(spans));
        }
    }
}

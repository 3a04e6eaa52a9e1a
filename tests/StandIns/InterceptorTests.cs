using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace InstaGrpc.StandIns.Tests;

public class InterceptorTests
{
    private static readonly string[] AllKinds = ["Unary", "Split", "Join", "Talk"];

    [Fact]
    public async Task ServerInterceptorsStandAroundEveryKindOfCallInTheirOrder()
    {
        var journal = new ConcurrentQueue<string>();
        await using var server = await ProbeServer.StartAsync(options =>
        {
            options.Interceptors.Add<RecordingInterceptor>("outer", journal);
            options.Interceptors.Add<RecordingInterceptor>("inner", journal);
        });

        await CallEveryKindAsync(server.NewClient());

        Assert.Equal(AllKinds.SelectMany(kind => new[] { $"outer server {kind}", $"inner server {kind}" }), journal);
    }

    [Fact]
    public async Task ClientInterceptorsStandAroundEveryKindOfCallInTheirOrder()
    {
        var journal = new ConcurrentQueue<string>();
        await using var server = await ProbeServer.StartAsync();
        var invoker = server.NewChannel().Intercept(
            new RecordingInterceptor("outer", journal), new RecordingInterceptor("inner", journal));

        var client = new Probe.ProbeClient(invoker);
        await CallEveryKindAsync(client);
        await Task.Run(() => client.Unary(new Ask()));

        Assert.Equal(
            AllKinds.Append("blocking Unary").SelectMany(kind => new[] { $"outer client {kind}", $"inner client {kind}" }), journal);
    }

    [Fact]
    public async Task TheLastAddedInterceptorIsTheFirstToSeeTheCall()
    {
        var journal = new ConcurrentQueue<string>();
        await using var server = await ProbeServer.StartAsync();
        var invoker = server.NewChannel().CreateCallInvoker()
            .Intercept(new RecordingInterceptor("first added", journal))
            .Intercept(new RecordingInterceptor("last added", journal));

        await new Probe.ProbeClient(invoker).UnaryAsync(new Ask());

        Assert.Equal(["last added client Unary", "first added client Unary"], journal);
    }

    [Fact]
    public async Task AHeaderFunctionChangesACopyOfTheHeadersOfEveryKindOfCall()
    {
        var seen = new ConcurrentQueue<string?>();
        await using var server = await ProbeServer.StartAsync(options => options.Interceptors.Add<HeaderReader>(seen));
        var client = new Probe.ProbeClient(server.NewChannel().Intercept(headers =>
        {
            headers.Add("tenant", "blue");
            return headers;
        }));
        var own = new Metadata { { "trace", "1" } };

        await CallEveryKindAsync(client);
        await Task.Run(() => client.Unary(new Ask(), own));

        Assert.Equal(["blue ", "blue ", "blue ", "blue ", "blue 1"], seen);
        Assert.Single(own);
    }

    [Fact]
    public async Task AServerInterceptorCanAnswerInTheHandlersPlace()
    {
        await using var server = await ProbeServer.StartAsync(options => options.Interceptors.Add<Refusal>());
        server.Handlers.Unary = (_, _) => throw new InvalidOperationException("not to be reached");

        var failure = await Assert.ThrowsAsync<RpcException>(() => server.NewClient().UnaryAsync(new Ask()).ResponseAsync);

        Assert.Equal(StatusCode.PermissionDenied, failure.StatusCode);
    }

    [Fact]
    public async Task AClientInterceptorCanChangeRequestAndOptions()
    {
        await using var server = await ProbeServer.StartAsync();
        server.Handlers.Unary = (ask, context) => Task.FromResult(new Answer
        {
            Text = $"{ask.Text} {context.RequestHeaders.GetValue("added")}",
        });

        var answer = await new Probe.ProbeClient(server.NewChannel().Intercept(new Rewriter())).UnaryAsync(new Ask { Text = "asked" });

        Assert.Equal("rewritten yes", answer.Text);
    }

    [Fact]
    public async Task AClientWithAHostNamesItInEveryCall()
    {
        var hosts = new List<string?>();
        await using var server = await ProbeServer.StartAsync();
        var client = new Probe.ProbeClient(server.NewChannel().Intercept(new HostReader(hosts)));

        await client.WithHost("tenant.example").UnaryAsync(new Ask());
        await client.UnaryAsync(new Ask());

        Assert.Equal(["tenant.example", null], hosts);
    }

    private static async Task CallEveryKindAsync(Probe.ProbeClient client)
    {
        await client.UnaryAsync(new Ask());
        using (var split = client.Split(new Ask { Count = 1 }))
        {
            await foreach (var _ in split.ResponseStream.ReadAllAsync())
            {
            }
        }

        using (var join = client.Join())
        {
            await join.RequestStream.CompleteAsync();
            await join;
        }

        using var talk = client.Talk();
        await talk.RequestStream.CompleteAsync();
        Assert.False(await talk.ResponseStream.MoveNext());
    }

    private sealed class HeaderReader(ConcurrentQueue<string?> seen) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Read(context);
            return continuation(request, context);
        }

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            ServerCallContext context,
            ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Read(context);
            return continuation(requestStream, context);
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Read(context);
            return continuation(request, responseStream, context);
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Read(context);
            return continuation(requestStream, responseStream, context);
        }

        private void Read(ServerCallContext context) =>
            seen.Enqueue($"{context.RequestHeaders.GetValue("tenant")} {context.RequestHeaders.GetValue("trace")}");
    }

    private sealed class Refusal : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            throw new RpcException(new Status(StatusCode.PermissionDenied, "no"));
    }

    private sealed class HostReader(List<string?> hosts) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            hosts.Add(context.Host);
            return continuation(request, context);
        }
    }

    private sealed class Rewriter : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            var options = context.Options.WithHeaders(new Metadata { { "added", "yes" } });
            var changed = new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, options);
            return continuation((TRequest)(object)new Ask { Text = "rewritten" }, changed);
        }
    }
}

using System.Text;
using Grpc.Core;

namespace InstaGrpc.StandIns.Tests;

public class UnaryCallTests
{
    [Fact]
    public async Task ACallCarriesHeadersBothWaysAndTrailersBack()
    {
        byte[] bytes = [0, 1, 127, 128, 255];
        await using var server = await ProbeServer.StartAsync();
        server.Handlers.Unary = async (ask, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata
            {
                { "seen", context.RequestHeaders.GetValue("greeting") ?? "nothing" },
                { "seen-bin", context.RequestHeaders.GetValueBytes("greeting-bin") ?? [] },
            });
            context.ResponseTrailers.Add("end", "text");
            context.ResponseTrailers.Add("end-bin", bytes);
            return new Answer { Text = ask.Text };
        };

        using var call = server.NewClient().UnaryAsync(
            new Ask { Text = "hello" }, new Metadata { { "Greeting", "good day" }, { "Greeting-Bin", bytes } });
        var headers = await call.ResponseHeadersAsync;
        var answer = await call;

        Assert.Equal("hello", answer.Text);
        Assert.Equal("good day", headers.GetValue("seen"));
        Assert.Equal(bytes, headers.GetValueBytes("seen-bin"));
        Assert.Equal("text", call.GetTrailers().GetValue("end"));
        Assert.Equal(bytes, call.GetTrailers().GetValueBytes("end-bin"));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task ABlockingCallGivesTheAnswer()
    {
        await using var server = await ProbeServer.StartAsync();
        var client = server.NewClient();

        var answer = await Task.Run(() => client.Unary(new Ask { Text = "waited" }));

        Assert.Equal("waited", answer.Text);
    }

    [Fact]
    public async Task AStatusWithDetailsReachesTheCallerWhole()
    {
        var details = Encoding.UTF8.GetBytes("what was wrong, field by field");
        await using var server = await ProbeServer.StartAsync();
        server.Handlers.Unary = (_, _) => throw new RpcException(
            new Status(StatusCode.InvalidArgument, "text: 100 % größer als erlaubt"),
            new Metadata { { "grpc-status-details-bin", details }, { "field", "text" } });

        using var call = server.NewClient().UnaryAsync(new Ask());
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        Assert.Equal("text: 100 % größer als erlaubt", failure.Status.Detail);
        Assert.Equal(details, failure.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.Equal("text", failure.Trailers.GetValue("field"));
        Assert.Equal(StatusCode.InvalidArgument, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task AStatusSetOnTheContextEndsTheCall()
    {
        await using var server = await ProbeServer.StartAsync();
        server.Handlers.Split = (_, _, context) =>
        {
            context.Status = new Status(StatusCode.FailedPrecondition, "not now");
            return Task.CompletedTask;
        };

        using var call = server.NewClient().Split(new Ask());
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.Equal(StatusCode.FailedPrecondition, failure.StatusCode);
        Assert.Equal("not now", failure.Status.Detail);
    }

    [Fact]
    public async Task AnExceptionOfTheHandlerIsUnknownWithoutItsMessage()
    {
        await using var server = await ProbeServer.StartAsync();
        server.Handlers.Unary = (_, _) => throw new InvalidOperationException("a secret");

        var failure = await Assert.ThrowsAsync<RpcException>(() => server.NewClient().UnaryAsync(new Ask()).ResponseAsync);

        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.DoesNotContain("secret", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACallersCancellationReachesTheHandler()
    {
        await using var server = await ProbeServer.StartAsync();
        var started = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        server.Handlers.Unary = async (_, context) =>
        {
            await using var registration = context.CancellationToken.Register(() => cancelled.TrySetResult());
            started.SetResult();
            await cancelled.Task;
            return new Answer();
        };
        using var source = new CancellationTokenSource();

        using var call = server.NewClient().UnaryAsync(new Ask(), cancellationToken: source.Token);
        await started.Task.WaitAsync(ProbeServer.Limit);
        await source.CancelAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await cancelled.Task.WaitAsync(ProbeServer.Limit);
    }

    [Fact]
    public async Task ADeadlineIsKnownToTheHandlerInUtc()
    {
        await using var server = await ProbeServer.StartAsync();
        var seen = new TaskCompletionSource<DateTime>();
        server.Handlers.Unary = (ask, context) =>
        {
            seen.SetResult(context.Deadline);
            return Task.FromResult(new Answer());
        };
        var deadline = DateTime.UtcNow.AddHours(1);

        await server.NewClient().UnaryAsync(new Ask(), deadline: deadline);

        // The wire carries the time that is left, so the server's deadline is later by the way there.
        Assert.InRange(await seen.Task, deadline.AddSeconds(-1), deadline.Add(ProbeServer.Limit));
        Assert.Equal(DateTimeKind.Utc, (await seen.Task).Kind);
    }

    [Fact]
    public async Task ADeadlineEndsTheCallOnBothSides()
    {
        await using var server = await ProbeServer.StartAsync();
        var client = server.NewClient();

        // On a busy machine a short deadline may pass before the handler starts: then the next one is longer.
        for (var limit = TimeSpan.FromMilliseconds(200); ; limit *= 2)
        {
            var started = false;
            var passed = new TaskCompletionSource();
            // The server's clock may be first: an answer at that moment could reach a client whose time is not over yet.
            var refused = new TaskCompletionSource();
            server.Handlers.Unary = async (_, context) =>
            {
                Volatile.Write(ref started, true);
                await using var registration = context.CancellationToken.Register(() => passed.TrySetResult());
                await passed.Task;
                await refused.Task;
                return new Answer();
            };

            var failure = await Assert.ThrowsAsync<RpcException>(
                () => client.UnaryAsync(new Ask(), deadline: DateTime.UtcNow.Add(limit)).ResponseAsync);
            refused.SetResult();

            Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
            if (Volatile.Read(ref started))
            {
                await passed.Task.WaitAsync(ProbeServer.Limit);
                return;
            }

            Assert.True(limit < ProbeServer.Limit, "The handler never started.");
        }
    }

    [Fact]
    public async Task TheContextTellsWhatWasCalledAndByWhom()
    {
        await using var server = await ProbeServer.StartAsync();
        server.Handlers.Unary = (_, context) =>
        {
            context.UserState["key"] = "value";
            Assert.Equal("value", context.UserState["key"]);
            return Task.FromResult(new Answer
            {
                Text = $"{context.Method} {context.Peer} {context.Deadline == DateTime.MaxValue} {context.AuthContext.IsPeerAuthenticated}",
            });
        };

        var answer = await server.NewClient().UnaryAsync(new Ask());

        Assert.Matches(@"^/insta\.standins\.tests\.Probe/Unary ipv4:127\.0\.0\.1:\d+ True False$", answer.Text);
    }

    [Fact]
    public async Task AMethodThatTheServerDoesNotHaveIsUnimplemented()
    {
        await using var server = await ProbeServer.StartAsync();
        var method = new Method<string, string>(
            MethodType.Unary, "insta.standins.tests.Other", "Nothing", Marshallers.StringMarshaller, Marshallers.StringMarshaller);
        var invoker = server.NewChannel().CreateCallInvoker();

        var failure = await Assert.ThrowsAsync<RpcException>(
            () => invoker.AsyncUnaryCall(method, null, new CallOptions(), "?").ResponseAsync);

        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
    }

    [Fact]
    public void AClientWithoutAChannelSaysSo()
    {
        var failure = Assert.Throws<NotImplementedException>(() => new ClientForTests().UnaryAsync(new Ask()));

        Assert.NotEmpty(failure.Message);
    }

    private sealed class ClientForTests : Probe.ProbeClient;
}

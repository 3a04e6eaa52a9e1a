using Grpc.Core;

namespace InstaGrpc.StandIns.Tests;

public class StreamingTests
{
    [Fact]
    public async Task AServerStreamGivesEveryMessageInOrder()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.NewClient().Split(new Ask { Text = "m", Count = 100 });

        var texts = new List<string>();
        await foreach (var answer in call.ResponseStream.ReadAllAsync())
        {
            texts.Add(answer.Text);
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"m{i}"), texts);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task AClientStreamArrivesWholeAndIsAnsweredOnce()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.NewClient().Join();

        foreach (var letter in "stream")
        {
            await call.RequestStream.WriteAsync(new Ask { Text = letter.ToString() });
        }

        await call.RequestStream.CompleteAsync();

        Assert.Equal("stream", (await call).Text);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.Empty(call.GetTrailers());
    }

    [Fact]
    public async Task ADuplexStreamAnswersWhileItIsOpen()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.NewClient().Talk();

        for (var i = 0; i < 20; i++)
        {
            await call.RequestStream.WriteAsync(new Ask { Text = $"{i}" });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal($"{i}", call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task AFailureInTheMiddleOfAStreamComesAfterTheMessagesBeforeIt()
    {
        await using var server = await ProbeServer.StartAsync();
        server.Handlers.Split = async (_, responses, _) =>
        {
            await responses.WriteAsync(new Answer { Text = "first" });
            throw new RpcException(new Status(StatusCode.DataLoss, "the rest is gone"));
        };
        using var call = server.NewClient().Split(new Ask());

        Assert.True(await call.ResponseStream.MoveNext());
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.Equal(StatusCode.DataLoss, failure.StatusCode);
        Assert.Equal("the rest is gone", failure.Status.Detail);
    }

    [Fact]
    public async Task ADisposedCallIsCancelledOnTheServer()
    {
        await using var server = await ProbeServer.StartAsync();
        var cancelled = new TaskCompletionSource();
        server.Handlers.Split = async (_, responses, context) =>
        {
            await using var registration = context.CancellationToken.Register(() => cancelled.TrySetResult());
            await responses.WriteAsync(new Answer());
            await cancelled.Task;
        };

        using (var call = server.NewClient().Split(new Ask()))
        {
            Assert.True(await call.ResponseStream.MoveNext());
        }

        await cancelled.Task.WaitAsync(ProbeServer.Limit);
    }

    [Fact]
    public async Task AWriterWithoutCancellationRefusesATokenThatCanBeCancelled()
    {
        IAsyncStreamWriter<string> writer = new CountingWriter();
        using var source = new CancellationTokenSource();

        await writer.WriteAsync("sent", CancellationToken.None);
        await Assert.ThrowsAsync<NotSupportedException>(() => writer.WriteAsync("refused", source.Token));

        Assert.Equal(1, ((CountingWriter)writer).Count);
    }

    private sealed class CountingWriter : IAsyncStreamWriter<string>
    {
        public int Count { get; private set; }

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(string message)
        {
            Count++;
            return Task.CompletedTask;
        }
    }
}

using Grpc.Core;

namespace InstaGrpc.StandIns.Tests;

/// <summary>What the probe service does in one test.</summary>
public sealed class ProbeHandlers
{
    public UnaryServerMethod<Ask, Answer> Unary { get; set; } = (ask, _) => Task.FromResult(new Answer { Text = ask.Text });

    public ServerStreamingServerMethod<Ask, Answer> Split { get; set; } = async (ask, responses, context) =>
    {
        for (var i = 0; i < ask.Count; i++)
        {
            await responses.WriteAsync(new Answer { Text = $"{ask.Text}{i}" }, context.CancellationToken);
        }
    };

    public ClientStreamingServerMethod<Ask, Answer> Join { get; set; } = async (asks, context) =>
    {
        var answer = new Answer();
        await foreach (var ask in asks.ReadAllAsync(context.CancellationToken))
        {
            answer.Text += ask.Text;
        }

        return answer;
    };

    public DuplexStreamingServerMethod<Ask, Answer> Talk { get; set; } = async (asks, responses, context) =>
    {
        await foreach (var ask in asks.ReadAllAsync(context.CancellationToken))
        {
            await responses.WriteAsync(new Answer { Text = ask.Text }, context.CancellationToken);
        }
    };
}

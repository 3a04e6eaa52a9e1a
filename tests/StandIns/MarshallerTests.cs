using Grpc.Core;
using Microsoft.AspNetCore.Builder;

namespace InstaGrpc.StandIns.Tests;

public class MarshallerTests
{
    [Fact]
    public void EitherPairOfFunctionsGivesTheOther()
    {
        var contextual = Marshallers.Create<string>(
            (text, context) =>
            {
                context.SetPayloadLength(text.Length);
                foreach (var letter in text)
                {
                    var writer = context.GetBufferWriter();
                    writer.GetSpan(1)[0] = (byte)letter;
                    writer.Advance(1);
                }

                context.Complete();
            },
            context => System.Text.Encoding.ASCII.GetString(context.PayloadAsReadOnlySequence().FirstSpan) + context.PayloadLength);

        Assert.Equal("abc"u8.ToArray(), contextual.Serializer("abc"));
        Assert.Equal("abc3", contextual.Deserializer("abc"u8.ToArray()));
        Assert.Equal("größe", Marshallers.StringMarshaller.Deserializer(Marshallers.StringMarshaller.Serializer("größe")));
    }

    [Fact]
    public void ASerializerCompletesOnce()
    {
        var never = Marshallers.Create<string>((_, _) => { }, _ => "");
        var twice = Marshallers.Create<string>((_, context) =>
        {
            context.Complete([1]);
            context.Complete();
        }, _ => "");

        Assert.Throws<InvalidOperationException>(() => never.Serializer(""));
        Assert.Throws<InvalidOperationException>(() => twice.Serializer(""));
    }

    [Fact]
    public async Task AServiceCanBeMadeWithoutGeneratedCode()
    {
        var text = Marshallers.StringMarshaller;
        var upper = new Method<string, string>(MethodType.Unary, "insta.standins.tests.Text", "Upper", text, text);
        var letters = new Method<string, string>(MethodType.ServerStreaming, "insta.standins.tests.Text", "Letters", text, text);
        var definition = ServerServiceDefinition.CreateBuilder()
            .AddMethod(upper, (string request, ServerCallContext _) => Task.FromResult(request.ToUpperInvariant()))
            .AddMethod(letters, async (string request, IServerStreamWriter<string> responses, ServerCallContext _) =>
            {
                foreach (var letter in request)
                {
                    await responses.WriteAsync(letter.ToString());
                }
            })
            .Build();
        await using var server = await ProbeServer.StartAsync(map: app => app.MapGrpcService(definition));
        var invoker = server.NewChannel().CreateCallInvoker();

        Assert.Equal("WORDS", await invoker.AsyncUnaryCall(upper, null, new CallOptions(), "words"));
        using var call = invoker.AsyncServerStreamingCall(letters, null, new CallOptions(), "abc");
        var seen = new List<string>();
        await foreach (var letter in call.ResponseStream.ReadAllAsync())
        {
            seen.Add(letter);
        }

        Assert.Equal(["a", "b", "c"], seen);
    }

    [Fact]
    public void AMethodHasOneHandler()
    {
        var text = Marshallers.StringMarshaller;
        var method = new Method<string, string>(MethodType.Unary, "s", "m", text, text);
        var builder = ServerServiceDefinition.CreateBuilder().AddMethod(method, (string r, ServerCallContext _) => Task.FromResult(r));

        Assert.Throws<ArgumentException>(() => builder.AddMethod(method, (string r, ServerCallContext _) => Task.FromResult(r)));
        Assert.Equal("/s/m", method.FullName);
    }
}

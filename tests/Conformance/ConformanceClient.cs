using System.Collections.Concurrent;
using Connectrpc.Conformance.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using InstaGrpc.Mesh;
using InstaGrpc.Mesh.Internal.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Conformance;

/// <summary>The client under test: calls as standard input asks, several at once; each one's outcome to standard output.</summary>
internal static class ConformanceClient
{
    private const int MaxCallsAtOnce = 8;

    public static async Task<int> RunAsync()
    {
        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        using var channels = new Channels();
        using var writing = new SemaphoreSlim(1);
        using var calling = new SemaphoreSlim(MaxCallsAtOnce);
        var calls = new List<Task>();
        while (await Frames.ReadAsync(input, ClientCompatRequest.Parser) is { } request)
        {
            await calling.WaitAsync();
            calls.Add(Task.Run(async () =>
            {
                var response = await CallAsync(channels, request);
                calling.Release();
                await writing.WaitAsync();
                await Frames.WriteAsync(output, response);
                writing.Release();
            }));
        }

        await Task.WhenAll(calls);
        return 0;
    }

    private static async Task<ClientCompatResponse> CallAsync(Channels channels, ClientCompatRequest request)
    {
        var response = new ClientCompatResponse { TestName = request.TestName };
        try
        {
            response.Response = await new CallUnderTest(channels.Of(request), request).RunAsync();
        }
        catch (Exception unexpected)
        {
            // The suite shows it beside the case's name; the other calls go on.
            response.Error = new ClientErrorResult { Message = unexpected.ToString() };
        }

        return response;
    }

    /// <summary>One channel per server and limit, behind the interceptor of the mesh's clients.</summary>
    private sealed class Channels : IDisposable
    {
        private readonly ServiceProvider _mesh = MakeMesh();
        private readonly ConcurrentDictionary<(string Host, uint Port, uint Limit), Lazy<GrpcChannel>> _channels = [];

        public CallInvoker Of(ClientCompatRequest request) => _channels.GetOrAdd(
            (request.Host, request.Port, request.MessageReceiveLimit),
            key => new(() => Open(key.Host, key.Port, key.Limit))).Value.Intercept(_mesh.GetRequiredService<ClientInterceptor>());

        public void Dispose()
        {
            foreach (var channel in _channels.Values)
            {
                channel.Value.Dispose();
            }

            _mesh.Dispose();
        }

        // Not added with AddClient: to a method that declares no policy the mesh gives its default deadline, and the suite checks that a call
        // without one stays so.
        private static ServiceProvider MakeMesh() => new ServiceCollection()
            .AddLogging()
            .AddInstaMesh(new ConfigurationBuilder().Build())
            .Services.BuildServiceProvider();

        private static GrpcChannel Open(string host, uint port, uint limit) => GrpcChannel.ForAddress(
            $"http://{host}:{port}",
            new GrpcChannelOptions
            {
                MaxReceiveMessageSize = limit == 0 ? null : (int)limit,
                MaxSendMessageSize = null,
            });
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta call</c></summary>
internal static class CallCommand
{
    private const int _failed = 1;

    private static readonly JsonFormatter _json = new(JsonFormatter.Settings.Default.WithIndentation().WithFormatDefaultValues(true));

    public static Command Create()
    {
        var method = new Argument<string>("method") { Description = "package.Service/Method, or the method's name alone where only one service has it." };
        var request = new Argument<string>("request") { Description = "The request as JSON.", DefaultValueFactory = _ => "{}" };
        var user = new Option<long?>("--user") { Description = "Call as this user; as an administrator otherwise." };
        var token = new Option<string?>("--token") { Description = "A write's insta-lsn: the answer is not older than that write." };
        var data = OperatorSession.DataOption();
        var command = new Command("call", """
            Call a unary method of a running mesh and print the answer as JSON, then the time and the token, if there is one.
            Exit code 1: the call failed.
            """) { method, request, user, token, data };
        command.SetAction(async (parsed, ct) =>
        {
            var descriptor = Find(parsed.GetValue(method)!);
            IMessage message;
            try
            {
                message = JsonParser.Default.Parse(parsed.GetValue(request)!, descriptor.InputType);
            }
            catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
            {
                throw new UsageException($"the request is no {descriptor.InputType.FullName}: {e.Message}");
            }
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            using var channel = GrpcChannel.ForAddress(session.AddressOf(MethodContract.ShortNameOf(descriptor.Service)));
            var headers = new Metadata
            {
                { MetadataNames.Caller, parsed.GetValue(user) is { } id ? string.Create(CultureInfo.InvariantCulture, $"user:{id}") : "admin" },
            };
            if (parsed.GetValue(token) is { } lsn) headers.Add(MetadataNames.ReadToken, lsn);
            return await CallAsync(channel, descriptor, message, new CallOptions(headers, DateTime.UtcNow.AddSeconds(12), ct));
        });
        return command;
    }

    private static async Task<int> CallAsync(GrpcChannel channel, MethodDescriptor descriptor, IMessage request, CallOptions options)
    {
        var marshaller = Marshallers.Create(bytes => bytes, bytes => bytes);
        var method = new Method<byte[], byte[]>(MethodType.Unary, descriptor.Service.FullName, descriptor.Name, marshaller, marshaller);
        var began = Stopwatch.GetTimestamp();
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(method, null, options, request.ToByteArray());
        try
        {
            var answer = descriptor.OutputType.Parser.ParseFrom(await call.ResponseAsync);
            var took = Stopwatch.GetElapsedTime(began);
            Console.WriteLine(_json.Format(answer));
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{took.TotalMilliseconds:0.0} ms"));
            if (call.GetTrailers().GetValue(MetadataNames.ReadToken) is { } token) await Console.Error.WriteLineAsync($"{MetadataNames.ReadToken}: {token}");
            return 0;
        }
        catch (RpcException e)
        {
            await Console.Error.WriteLineAsync($"{e.StatusCode}: {e.Status.Detail}");
            return _failed;
        }
    }

    /// <exception cref="UsageException">There is no such unary method, or there are several.</exception>
    public static MethodDescriptor Find(string name)
    {
        var found = InstaContracts.Services.SelectMany(service => service.Methods)
            .Where(method => name.Contains('/') ? $"{method.Service.FullName}/{method.Name}" == name : method.Name == name)
            .Where(method => !method.IsClientStreaming && !method.IsServerStreaming)
            .ToArray();
        return found switch
        {
            [var one] => one,
            [] => throw new UsageException($"there is no unary method '{name}': `insta contracts` lists them"),
            _ => throw new UsageException($"'{name}' may be {string.Join(" or ", found.Select(method => $"{method.Service.FullName}/{method.Name}"))}"),
        };
    }
}

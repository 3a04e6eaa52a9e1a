using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.TestFixtures;
using Xunit.Abstractions;

namespace InstaGrpc.Integration.Tests;

/// <summary>Every unary method of every contract, one bad field at a time beside good ones: INVALID_ARGUMENT that names the field, and nothing is
/// written. A method that is added is called here, too.</summary>
public sealed class ValidationTests(RunningMesh fixture, ITestOutputHelper output) : IClassFixture<RunningMesh>
{
    private static readonly ContractCatalog _catalog = ContractCatalog.Read(InstaContracts.Services);

    private readonly RunningMesh _mesh = fixture.Mesh;

    // Where 0 means something else than an id.
    private static readonly HashSet<string> _mayBeNothing = new(StringComparer.Ordinal)
    {
        "insta.app.v1.AppService/SetAvatar.media_id", "insta.graph.v1.GraphService/SetAvatar.media_id", // none any more
    };

    // What is longer than any word is cut, here as in what is searched.
    private static readonly HashSet<string> _cut = new(StringComparer.Ordinal)
    {
        "insta.app.v1.AppService/Search.prefix", "insta.media.v1.MediaService/Search.prefix",
    };

    // Methods of the contracts that no service has yet.
    private static readonly HashSet<string> _later = new(StringComparer.Ordinal)
    {
        "insta.leasecache.v1.LeaseCacheService/Declare", "insta.shardmap.v1.ShardMapService/AddNode",
    };

    [Fact]
    public async Task EveryFieldOfEveryMethodIsRefusedByNameAndNothingIsWritten()
    {
        var caller = (await _mesh.NewUserAsync("careless")).Id;
        var media = (await _mesh.NewMediaAsync(caller)).Id;
        var before = await RowsOfAsync(caller);
        var wrong = new List<string>();
        var calls = 0;
        foreach (var service in InstaContracts.Services)
        {
            using var channel = GrpcChannel.ForAddress("http://" + _mesh.GrpcOf(MethodContract.ShortNameOf(service)));
            foreach (var method in service.Methods.Where(
                static method => !method.IsClientStreaming && !method.IsServerStreaming && !_later.Contains(NameOf(method))))
            {
                foreach (var field in method.InputType.Fields.InDeclarationOrder())
                {
                    foreach (var bad in BadValuesOf(method, field))
                    {
                        var request = Good(method.InputType, caller, media);
                        Set(request, field, bad);
                        calls++;
                        if (await FaultAsync(channel, method, request, field, bad, caller) is { } fault) wrong.Add(fault);
                    }
                }
            }
        }

        output.WriteLine($"{calls} calls");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(before, await RowsOfAsync(caller));
    }

    private static string NameOf(MethodDescriptor method) => $"{method.Service.FullName}/{method.Name}";

    private static IEnumerable<object> BadValuesOf(MethodDescriptor method, FieldDescriptor field)
    {
        var mayBeNothing = _mayBeNothing.Contains($"{NameOf(method)}.{field.Name}");
        switch (field.FieldType)
        {
            case FieldType.Int64 when field.IsRepeated:
                yield return Enumerable.Repeat(1L << 30, 5_000).ToArray();
                goto case FieldType.Int64;
            case FieldType.Int64:
                if (!mayBeNothing) yield return 0L;
                yield return -1L;
                // An id by its form: whatever it is answered with, it is no fault of ours.
                yield return long.MaxValue;
                break;
            case FieldType.Int32:
                yield return -1;
                yield return int.MaxValue;
                break;
            case FieldType.UInt32:
                yield return uint.MaxValue;
                break;
            case FieldType.String when field.Name == "page_token":
                yield return "made up";
                yield return new string('t', 3_000);
                break;
            case FieldType.String:
                if (!_cut.Contains($"{NameOf(method)}.{field.Name}")) yield return new string('t', 3_000);
                break;
        }
    }

    // Every field that a method may have, as it takes it.
    private static IMessage Good(MessageDescriptor type, long user, long media)
    {
        var request = (IMessage)Activator.CreateInstance(type.ClrType)!;
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            object? good = (field.Name, field.FieldType) switch
            {
                ("user_id" or "for_user_id" or "user_ids", _) => user,
                ("length", _) => 1_000L,
                (_, FieldType.Int64) => media,
                ("name", _) => "good.name",
                ("request_id", _) => Guid.NewGuid().ToString("N"),
                ("password", _) => "long enough to be one",
                ("key", _) => "good/key",
                ("prefix" or "text" or "caption" or "display_name", _) => "good",
                ("count", _) => 1u,
                ("shard", _) => 7u,
                ("value", FieldType.Bytes) => ByteString.CopyFromUtf8("good"),
                _ => null,
            };
            // Of several that exclude each other the first.
            if (good is not null && (field.RealContainingOneof is not { } choice || choice.Fields[0] == field)) Set(request, field, good);
        }
        return request;
    }

    private static void Set(IMessage request, FieldDescriptor field, object value)
    {
        if (!field.IsRepeated)
        {
            field.Accessor.SetValue(request, value);
            return;
        }
        var list = (System.Collections.IList)field.Accessor.GetValue(request);
        list.Clear();
        foreach (var item in value as System.Collections.IEnumerable is { } many and not string ? many : new[] { value }) list.Add(item);
    }

    private static async Task<string?> FaultAsync(
        GrpcChannel channel, MethodDescriptor method, IMessage request, FieldDescriptor field, object bad, long caller)
    {
        var allowed = _catalog[NameOf(method)].Policy.Allow.Select(static rule => rule.Kind).ToHashSet();
        var shown = bad switch
        {
            string { Length: > 20 } text => $"{text.Length} characters",
            Array many => $"{many.Length} times {many.GetValue(0)}",
            _ => Convert.ToString(bad, CultureInfo.InvariantCulture),
        };
        var name = $"{NameOf(method)} with {field.Name} = {shown}";
        var marshaller = Marshallers.Create<byte[]>(static bytes => bytes, static bytes => bytes);
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(
            new Method<byte[], byte[]>(MethodType.Unary, method.Service.FullName, method.Name, marshaller, marshaller), null,
            allowed.Overlaps([CallerKind.User, CallerKind.Anonymous]) ? MeshUnderTest.AsUser(caller)
            : allowed.Contains(CallerKind.Service) ? MeshUnderTest.AsService("test")
            : MeshUnderTest.AsAdmin(), request.ToByteArray());
        try
        {
            await call;
            return bad is long.MaxValue ? null : $"{name} is answered";
        }
        catch (RpcException e)
        {
            if (bad is long.MaxValue && e.StatusCode is StatusCode.NotFound or StatusCode.PermissionDenied or StatusCode.FailedPrecondition) return null;
            return e.StatusCode == StatusCode.InvalidArgument && e.Status.Detail.Contains(field.Name, StringComparison.Ordinal)
                ? null
                : $"{name} is {e.StatusCode}: {e.Status.Detail}";
        }
    }

    private async Task<long> RowsOfAsync(long user)
    {
        var rows = 0L;
        foreach (var node in _mesh.Nodes.DataNodes)
        {
            await using var command = _mesh.Nodes.Primary(node).CreateCommand(FormattableString.Invariant(
                $"""
                SELECT (SELECT count(*) FROM media WHERE owner_id = {user}) + (SELECT count(*) FROM comments WHERE author_id = {user})
                    + (SELECT count(*) FROM likes WHERE user_id = {user}) + (SELECT count(*) FROM follows WHERE {user} IN (follower_id, followee_id))
                    + (SELECT count(*) FROM blocks WHERE {user} IN (blocker_id, blocked_id)) + (SELECT count(*) FROM requests WHERE user_id = {user})
                """));
            rows += (long)(await command.ExecuteScalarAsync())!;
        }
        return rows;
    }
}

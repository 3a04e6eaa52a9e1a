using Grpc.Core;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Services.IdService;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Contract = InstaGrpc.Contracts.IdV1.IdService;

namespace InstaGrpc.TestFixtures.Mesh;

/// <summary>The real generator on the test's directory.</summary>
internal sealed class IdGrpcService(IdGenerator generator) : Contract.IdServiceBase
{
    public override async Task<NextResponse> Next(NextRequest request, ServerCallContext context)
    {
        var ids = new long[Math.Max(1, request.Count)];
        var shard = request.TargetCase == NextRequest.TargetOneofCase.Shard ? (int)request.Shard : new InstaId(request.ForUserId).Shard;
        await generator.FillAsync(shard, ids, context.CancellationToken);
        return new NextResponse { Ids = { ids } };
    }
}

internal static class IdServices
{
    public static void AddIds(this IServiceCollection services, string directory) => services.AddSingleton(_ => new IdGenerator(
        new PostgresIdWindows(NpgsqlDataSource.Create(directory), new IdServiceOptions()), TimeProvider.System));
}

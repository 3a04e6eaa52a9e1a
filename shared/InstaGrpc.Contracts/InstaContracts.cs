using Google.Protobuf.Reflection;

namespace InstaGrpc.Contracts;

/// <summary>The services that this project declares.</summary>
public static class InstaContracts
{
    /// <summary>Every service of protos/insta.</summary>
    public static IReadOnlyList<ServiceDescriptor> Services { get; } =
    [
        AppV1.AppService.Descriptor,
        FeedV1.FeedService.Descriptor,
        GraphV1.GraphService.Descriptor,
        IdV1.IdService.Descriptor,
        InvalidatorV1.InvalidatorService.Descriptor,
        LeasecacheV1.LeaseCacheService.Descriptor,
        MediaV1.MediaService.Descriptor,
        ShardmapV1.ShardMapService.Descriptor,
    ];
}

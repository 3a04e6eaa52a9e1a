using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Memcached;
using InstaGrpc.Mesh;
using InstaGrpc.Photos.Internal;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Photos;

/// <summary>Registration of photo bytes, configured by <c>Insta:Photos</c>. Several roles of a process may call these.</summary>
public static class PhotoServices
{
    /// <summary>Adds the store, the decoder and the rows of blobs.</summary>
    public static IServiceCollection AddPhotos(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(configuration.GetSection(PhotoOptions.Section).Get<PhotoOptions>() ?? new PhotoOptions());
        services.TryAddSingleton<PhotoMetrics>();
        services.TryAddSingleton<PhotoSpool>();
        services.TryAddSingleton<PhotoDecoder>();
        services.TryAddSingleton(static provider => PhotoStore.Open(provider.GetRequiredService<PhotoOptions>(), provider.GetRequiredService<PhotoMetrics>()));
        services.TryAddSingleton<PhotoStore>();
        services.TryAddSingleton<IEdgePurge, HttpEdgePurge>();
        services.TryAddSingleton<BlobSweep>();
        services.TryAddScoped<BlobRows>();
        return services;
    }

    /// <summary>Adds what <see cref="PhotoEndpoints.MapPhotos"/> serves with: the store and the decoder in this process, and clients of the roles that know
    /// whether a photo may be served.</summary>
    public static IServiceCollection AddPhotoServing(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPhotos(configuration);
        services.AddInstaMesh(configuration).AddClient<MediaService.MediaServiceClient>().AddClient<GraphService.GraphServiceClient>();
        services.TryAddSingleton(provider => new PhotoVariants(
            provider.GetRequiredService<PhotoStore>(),
            provider.GetRequiredService<PhotoSpool>(),
            provider.GetRequiredService<PhotoDecoder>(),
            new VariantLease(configuration["Insta:Prefix"] ?? "", provider.GetService<MemcachedPool>()),
            provider.GetRequiredService<PhotoOptions>(),
            provider.GetRequiredService<PhotoMetrics>(),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<PhotoRequests>();
        return services;
    }
}

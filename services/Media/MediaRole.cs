using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Mesh;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Media;

/// <summary>The role <c>media</c>: posts, likes, comments, counts, photo bytes.</summary>
public static class MediaRole
{
    /// <summary>Adds the role.</summary>
    public static IServiceCollection AddMedia(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddPhotos(configuration);
        services.AddInstaMesh(configuration).AddService<MediaGrpcService>().AddClient<IdService.IdServiceClient>();
        services.AddOptions<MediaOptions>().Bind(configuration.GetSection(MediaOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MediaOptions>, MediaOptionsValidation>());
        services.TryAddSingleton(static provider => provider.GetRequiredService<IOptions<MediaOptions>>().Value);
        services.TryAddSingleton<RequestFields>();
        services.AddSingleton<MediaSweep>();
        services.AddHostedService(static provider => provider.GetRequiredService<MediaSweep>());
        services.AddMetrics();
        services.AddSingleton<MediaMetrics>();
        services.AddSingleton<ViralPosts>();
        services.AddHostedService(static provider => provider.GetRequiredService<ViralPosts>());
        services.AddSingleton<EdgePurges>();
        services.AddHostedService(static provider => provider.GetRequiredService<EdgePurges>());
        services.AddHostedService<PhotoSweep>();
        services.AddScoped<Uploads>();
        services.AddScoped<Posts>();
        services.AddScoped<PostSearch>();
        services.AddSingleton<LikeBatches>();
        services.AddScoped<Likes>();
        services.AddScoped<Comments>();
        services.AddScoped<MediaCountRows>();
        return services;
    }
}

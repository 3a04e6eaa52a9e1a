using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using InstaGrpc.Timelines;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Feed;

/// <summary>The role <c>feed</c>: users, names, follows, blocks; home feeds and users' feeds.</summary>
public static class FeedRole
{
    /// <summary>Adds the role.</summary>
    public static IServiceCollection AddFeed(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddPhotos(configuration);
        services.AddInstaMesh(configuration)
            .AddService<GraphGrpcService>()
            .AddService<FeedGrpcService>()
            .AddClient<IdService.IdServiceClient>()
            .AddClient<GraphService.GraphServiceClient>()
            .AddClient<MediaService.MediaServiceClient>();
        services.AddTimelines(configuration);
        services.AddOptions<FeedOptions>().Bind(configuration.GetSection(FeedOptions.Section))
            .Configure(options => options.Region = configuration[FeedOptions.RegionKey] ?? new FeedOptions().Region)
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FeedOptions>, FeedOptionsValidation>());
        services.TryAddSingleton(static provider => provider.GetRequiredService<IOptions<FeedOptions>>().Value);
        services.TryAddSingleton<RequestFields>();
        services.AddScoped(static provider => new NameClaims(
            provider.GetRequiredService<INodeReads>(),
            provider.GetRequiredService<INodeWrites>(),
            provider.GetRequiredService<IOptions<PostgresOptions>>().Value,
            provider.GetRequiredService<FeedOptions>()));
        services.AddScoped<Accounts>();
        services.AddScoped<Avatars>();
        services.AddScoped<Follows>();
        services.AddScoped<Blocks>();
        services.AddScoped<RelationRows>();
        services.AddScoped<UserCountRows>();
        services.AddScoped<UserSearch>();
        AddDepartures(services);
        AddFeeds(services);
        AddNotifications(services);
        return services;
    }

    private static void AddFeeds(IServiceCollection services)
    {
        services.AddSingleton<IFollowedPosts, FollowedPosts>();
        services.AddSingleton<FeedMetrics>();
        services.AddSingleton<TimelineReads>();
        services.AddSingleton<FeedSources>();
        services.AddSingleton<FeedItems>();
        services.AddSingleton<HomeFeed>();
        services.AddSingleton<UserFeed>();
        services.AddSingleton<ActiveUsers>();
        services.AddHostedService(static provider => provider.GetRequiredService<ActiveUsers>());
    }

    private static void AddNotifications(IServiceCollection services)
    {
        services.AddNodeNotifications();
        services.AddScoped<FanoutPlans>();
        services.AddScoped<Notifications>();
        services.AddSingleton<NotificationWatch>();
        services.AddHostedService(static provider => provider.GetRequiredService<NotificationWatch>());
    }

    private static void AddDepartures(IServiceCollection services)
    {
        services.AddScoped<Departures>();
        services.AddSingleton<UserSweep>();
        services.AddHostedService(static provider => provider.GetRequiredService<UserSweep>());
    }
}

using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Gateway.Screens;
using InstaGrpc.Services.Gateway.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Services.Gateway;

/// <summary>The role <c>gateway</c>: what phones and browsers reach.</summary>
public static class GatewayRole
{
    /// <summary>Adds the role.</summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddPostgres(configuration);
        services.AddInstaMesh(configuration)
            .AddEdge<AppGrpcService>()
            .AddClient<MediaService.MediaServiceClient>()
            .AddClient<GraphService.GraphServiceClient>()
            .AddClient<FeedService.FeedServiceClient>();
        services.TryAddSingleton(configuration.GetSection(GatewayOptions.Section).Get<GatewayOptions>() ?? new GatewayOptions());
        services.TryAddSingleton<RequestFields>();
        services.AddSingleton<IEdgeAuthentication, BearerAuthentication>();
        services.AddSingleton<KeyWrapping>();
        services.AddSingleton<GatewayKeys>();
        services.AddHostedService(static provider => provider.GetRequiredService<GatewayKeys>());
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<PasswordHashing>();
        services.AddScoped<Credentials>();
        services.AddScoped<RefreshTokens>();
        services.AddScoped<SignIns>();
        services.AddScoped<UserPasswords>();
        services.AddSingleton<AppPosts>();
        services.AddSingleton<Profiles>();
        services.AddSingleton<Searches>();
        services.AddSingleton<NotificationStream>();
        return services;
    }

    /// <summary>Maps what the role serves beside gRPC.</summary>
    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/.well-known/jwks.json", static async (GatewayKeys keys, HttpContext http) =>
        {
            var ring = await keys.GetAsync(http.RequestAborted).ConfigureAwait(false);
            http.Response.Headers.CacheControl = "public, max-age=60";
            return Results.Json(new { keys = ring.Keys.Select(static key => key.ToJwk()) });
        });
        return endpoints;
    }
}

using System.Net;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Gateway.Ops;
using InstaGrpc.Services.Gateway.Screens;
using InstaGrpc.Services.Gateway.Sessions;
using InstaGrpc.Services.Gateway.Uploads;
using InstaGrpc.Services.Gateway.Pages;
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
        services.AddPhotoServing(configuration);
        services.AddInstaMesh(configuration)
            .AddEdge<AppGrpcService>()
            .AddClient<MediaService.MediaServiceClient>()
            .AddClient<GraphService.GraphServiceClient>()
            .AddClient<FeedService.FeedServiceClient>();
        services.TryAddSingleton(configuration.GetSection(GatewayOptions.Section).Get<GatewayOptions>() ?? new GatewayOptions());
        services.AddOptions<MeshOptions>().Configure<GatewayOptions>(static (mesh, gateway) =>
        {
            // Who sees /ops sees what it is made of.
            foreach (var network in gateway.OpsNetworks)
            {
                mesh.Mesh.ScrapeNetworks.Add(network);
            }
        });
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
        services.AddSingleton<HiddenUsers>();
        services.AddSingleton<PostPages>();
        services.AddSingleton<Profiles>();
        services.AddSingleton<Searches>();
        services.AddSingleton<NotificationStream>();
        services.AddSingleton<PhotoUploads>();
        services.AddSingleton<WebApp>();
        services.TryAddSingleton<NameLookup>(Dns.GetHostAddressesAsync);
        services.AddSingleton<OtherProcesses>();
        services.AddSingleton<OpsPage>();
        return services;
    }

    /// <summary>Maps what the role serves beside gRPC.</summary>
    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/.well-known/jwks.json", static (HttpContext http, GatewayKeys keys) => JwksAsync(http, keys));
        var uploads = endpoints.ServiceProvider.GetRequiredService<PhotoUploads>();
        endpoints.MapMethods(PhotoUploads.Path + "{ticket}", [HttpMethods.Put, HttpMethods.Options], uploads.ReceiveAsync);
        endpoints.MapPhotos();
        var ops = endpoints.ServiceProvider.GetRequiredService<OpsPage>();
        endpoints.MapGet("/ops", ops.ShowAsync);
        endpoints.MapGet("/ops.html", ops.ShowAsync);
        endpoints.MapGet("/ops/state.json", ops.StateAsync);

        // Whatever nothing else answers: a file, or a screen of the app.
        var app = endpoints.ServiceProvider.GetRequiredService<WebApp>();
        endpoints.MapFallback("{**path}", app.ServeAsync).WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
        return endpoints;
    }

    private static async Task<IResult> JwksAsync(HttpContext http, GatewayKeys keys)
    {
        KeyRing ring;
        try
        {
            ring = await keys.GetAsync(http.RequestAborted).ConfigureAwait(false);
        }
        catch (NodeUnavailableException)
        {
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }

        http.Response.Headers.CacheControl = "public, max-age=60";
        return Results.Json(new { keys = ring.Keys.Select(static key => key.ToJwk()) });
    }
}

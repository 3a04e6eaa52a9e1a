using InstaGrpc.Mesh;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>Where other processes reach this one's <c>InvalidatorService</c>: as configured (<c>Insta:Invalidator:Address</c>,
/// <c>Insta:Grpc:Advertise</c>), or the process's own internal listener.</summary>
internal sealed class OwnAddress(InvalidatorOptions options, IConfiguration configuration, IServiceProvider services)
{
    /// <summary>Waits until the listener has its port.</summary>
    public async Task<string> GetAsync(CancellationToken cancellation)
    {
        if ((options.Address ?? configuration["Insta:Grpc:Advertise"]) is { Length: > 0 } given)
        {
            return given;
        }
        if (services.GetService<IServer>() is not { } server)
        {
            return ""; // serves nobody: copies in processes stay off
        }
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellation).ConfigureAwait(false);
        var external = services.GetRequiredService<IOptions<MeshOptions>>().Value.Mesh.ExternalPorts;
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        return addresses
            .Select(text => new Uri(text.Replace("//+:", "//127.0.0.1:", StringComparison.Ordinal)
                .Replace("//0.0.0.0:", "//127.0.0.1:", StringComparison.Ordinal)
                .Replace("//[::]:", "//127.0.0.1:", StringComparison.Ordinal)))
            .Where(address => !external.Contains(address.Port))
            .Select(address => address.GetLeftPart(UriPartial.Authority))
            .FirstOrDefault("");
    }
}

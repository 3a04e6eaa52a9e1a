using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Client;

/// <summary>Where a service is: <c>Insta:Services:&lt;name&gt;</c>, or this process's own internal listener.</summary>
internal sealed class ServiceAddresses(IOptions<MeshOptions> options, MeshCatalog catalog, IServiceProvider provider)
{
    /// <summary>Checks at start that every service that is called can be found.</summary>
    /// <exception cref="InvalidOperationException">One can't; the message names the setting.</exception>
    public void Validate()
    {
        var missing = catalog.Called.Services
            .Where(s => !options.Value.Services.ContainsKey(Contracts.MethodContract.ShortNameOf(s)) && !Serves(s))
            .Select(s => $"Insta:Services:{Contracts.MethodContract.ShortNameOf(s)}")
            .ToArray();
        if (missing.Length > 0)
        {
            throw new InvalidOperationException($"This process calls services that it does not serve; set "
                + $"{string.Join(", ", missing)} to http://host:port.");
        }
    }

    /// <summary>The address of a service.</summary>
    /// <exception cref="UnavailableException">It is in this process, whose server does not listen yet.</exception>
    public Uri Find(Google.Protobuf.Reflection.ServiceDescriptor service) =>
        options.Value.Services.TryGetValue(Contracts.MethodContract.ShortNameOf(service), out var address) ? address : Own();

    private Uri Own()
    {
        var addresses = provider.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        foreach (var text in addresses)
        {
            // "http://+:7070" and "http://[::]:7070" are listeners on every interface, loopback among them.
            var address = new Uri(text.Replace("://+:", "://127.0.0.1:", StringComparison.Ordinal)
                .Replace("://*:", "://127.0.0.1:", StringComparison.Ordinal)
                .Replace("://0.0.0.0:", "://127.0.0.1:", StringComparison.Ordinal)
                .Replace("://[::]:", "://127.0.0.1:", StringComparison.Ordinal));
            if (!options.Value.Mesh.ExternalPorts.Contains(address.Port) && address.Port != 0)
            {
                return address;
            }
        }

        throw new UnavailableException("the server of this process does not listen yet");
    }

    private bool Serves(Google.Protobuf.Reflection.ServiceDescriptor service) =>
        catalog.Services.Any(s => s.Descriptor.FullName == service.FullName);
}

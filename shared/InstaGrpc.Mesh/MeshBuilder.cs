using System.Reflection;
using Grpc.Core;
using InstaGrpc.Mesh.Internal;
using InstaGrpc.Mesh.Internal.Client;
using InstaGrpc.Mesh.Internal.Server;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Mesh;

/// <summary>Adds services and clients to the mesh. Made by <see cref="MeshServices.AddInstaMesh"/>.</summary>
public sealed class MeshBuilder
{
    internal MeshBuilder(IServiceCollection services, IConfiguration configuration) =>
        (Services, Configuration) = (services, configuration);

    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>The application's configuration.</summary>
    public IConfiguration Configuration { get; }

    /// <summary>
    /// Serves a gRPC service: a class that derives from a generated base. Its contract is read and checked when the application starts,
    /// and every call goes through the mesh. <see cref="MeshEndpoints.MapInstaMesh"/> maps it.
    /// </summary>
    /// <exception cref="ArgumentException">The class derives from no generated service base.</exception>
    public MeshBuilder AddService<TGrpcService>()
        where TGrpcService : class
    {
        if (Services.All(s => s.ImplementationInstance is not ServedService served || served.ImplementationType != typeof(TGrpcService)))
        {
            Services.AddSingleton<ServedService>(ServedService.Of<TGrpcService>());
        }

        return this;
    }

    /// <summary>
    /// Adds a typed client for calls to another service of the mesh (a singleton): deadline, retry, caller and tokens go with each call.
    /// The address is <c>Insta:Services:&lt;name&gt;</c>, or this process's own internal listener.
    /// </summary>
    /// <exception cref="ArgumentException">The class is no generated client.</exception>
    public MeshBuilder AddClient<TClient>()
        where TClient : ClientBase<TClient>
    {
        var service = DescriptorOf(typeof(TClient).DeclaringType)
            ?? throw new ArgumentException($"{typeof(TClient)} is no generated gRPC client.", nameof(TClient));
        if (Services.All(s => s.ServiceType != typeof(TClient)))
        {
            Services.AddSingleton(new CalledService(service));
            Services.TryAddSingleton(provider => provider.GetRequiredService<MeshClients>().Create<TClient>(service));
        }

        return this;
    }

    internal static Google.Protobuf.Reflection.ServiceDescriptor? DescriptorOf(Type? generated) =>
        generated?.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null)
            as Google.Protobuf.Reflection.ServiceDescriptor;
}

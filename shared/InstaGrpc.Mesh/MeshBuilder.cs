using System.Reflection;
using Grpc.Core;
using InstaGrpc.Mesh.GrpcWeb;
using InstaGrpc.Mesh.Internal;
using InstaGrpc.Mesh.Internal.Client;
using InstaGrpc.Mesh.Internal.Edge;
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
    /// Serves a gRPC service to callers outside of the mesh (<see cref="AddService{TGrpcService}"/>), also as gRPC-Web
    /// (<see cref="AddGrpcWeb"/>). It is the only kind of service that is reached on
    /// <see cref="MeshListenerOptions.ExternalPorts"/>; who calls is found out by the application's <see cref="IEdgeAuthentication"/>, and
    /// what is more than the process can take is refused (<see cref="SheddingOptions"/>).
    /// </summary>
    /// <exception cref="ArgumentException">The class derives from no generated service base.</exception>
    public MeshBuilder AddEdge<TGrpcService>()
        where TGrpcService : class
    {
        AddService<TGrpcService>();
        var served = (ServedService)Services.Last(
            static s => s.ImplementationInstance is ServedService served && served.ImplementationType == typeof(TGrpcService)).ImplementationInstance!;
        Services.AddSingleton(new EdgeService(served.Descriptor.FullName));
        Services.AddGrpc().AddServiceOptions<TGrpcService>(static grpc =>
        {
            grpc.ResponseCompressionAlgorithm = ResponseCompression.Algorithm;
            grpc.ResponseCompressionLevel = System.IO.Compression.CompressionLevel.Fastest;
        });
        return AddGrpcWeb();
    }

    /// <summary>Answers gRPC-Web, binary and text, on whatever port it comes in.</summary>
    public MeshBuilder AddGrpcWeb()
    {
        Services.AddOptions<GrpcWebOptions>().Bind(Configuration.GetSection(GrpcWebOptions.Section)).PostConfigure(static web => web.IsOn = true);
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

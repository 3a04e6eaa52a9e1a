using System.Collections.Frozen;
using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A service that this process serves: its contract's descriptor, the class, and how to run its unary methods.</summary>
internal sealed class ServedService
{
    private readonly Func<IEndpointRouteBuilder, IEndpointConventionBuilder> _map;

    private ServedService(
        ServiceDescriptor descriptor, Type implementation, FrozenDictionary<string, IUnaryHandler> handlers,
            Func<IEndpointRouteBuilder, IEndpointConventionBuilder> map)
    {
        Descriptor = descriptor;
        ImplementationType = implementation;
        UnaryHandlers = handlers;
        _map = map;
    }

    public ServiceDescriptor Descriptor { get; }

    public Type ImplementationType { get; }

    /// <summary>The unary methods that the class overrides, by name: the others are UNIMPLEMENTED.</summary>
    public FrozenDictionary<string, IUnaryHandler> UnaryHandlers { get; }

    public static ServedService Of<TService>()
        where TService : class
    {
        var binding = BaseWithBinding(typeof(TService))
            ?? throw new ArgumentException($"{typeof(TService)} derives from no generated gRPC service base.", nameof(TService));
        var descriptor = MeshBuilder.DescriptorOf(binding.BindType)
            ?? throw new ArgumentException($"{binding.BindType} has no service descriptor.", nameof(TService));
        var handlers = new Dictionary<string, IUnaryHandler>(StringComparer.Ordinal);
        foreach (var method in descriptor.Methods.Where(m => !m.IsClientStreaming && !m.IsServerStreaming))
        {
            var code = typeof(TService).GetMethod(method.Name, [method.InputType.ClrType, typeof(ServerCallContext)]);
            if (code is not null && code.DeclaringType != code.GetBaseDefinition().DeclaringType)
            {
                handlers.Add(method.Name, UnaryHandler.Of(typeof(TService), method, code));
            }
        }

        return new ServedService(descriptor, typeof(TService), handlers.ToFrozenDictionary(StringComparer.Ordinal),
            endpoints => endpoints.MapGrpcService<TService>());
    }

    public IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints) => _map(endpoints);

    private static BindServiceMethodAttribute? BaseWithBinding(Type? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } binding)
            {
                return binding;
            }
        }

        return null;
    }
}

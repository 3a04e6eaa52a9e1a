using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Server;

internal static class UnaryHandler
{
    public static IUnaryHandler Of(Type service, MethodDescriptor method, MethodInfo code) =>
        (IUnaryHandler)Activator.CreateInstance(
            typeof(UnaryHandler<,,>).MakeGenericType(service, method.InputType.ClrType, method.OutputType.ClrType), code)!;
}

/// <summary>One method of one class, as an open delegate.</summary>
internal sealed class UnaryHandler<TService, TRequest, TResponse>(MethodInfo code) : IUnaryHandler
    where TService : class
    where TRequest : class, IMessage
    where TResponse : class, IMessage
{
    private static readonly ObjectFactory<TService> s_create = ActivatorUtilities.CreateFactory<TService>([]);

    private readonly Func<TService, TRequest, ServerCallContext, Task<TResponse>> _call =
        code.CreateDelegate<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>();

    public Delegate? OfSingleton(IServiceProvider services) =>
        services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value.Interceptors.Count == 1
            && services.GetRequiredService<IOptions<GrpcServiceOptions<TService>>>().Value.Interceptors.Count == 0
            ? code.CreateDelegate<Func<TRequest, ServerCallContext, Task<TResponse>>>(services.GetRequiredService<TService>())
            : null;

    public async Task<IMessage> RunAsync(IServiceProvider scope, IMessage request, ServerCallContext context)
    {
        var registered = scope.GetService<TService>();
        if (registered is not null)
        {
            return await _call(registered, (TRequest)request, context).ConfigureAwait(false);
        }

        // Not from the container, so the container does not dispose it.
        var made = s_create(scope, []);
        try
        {
            return await _call(made, (TRequest)request, context).ConfigureAwait(false);
        }
        finally
        {
            switch (made)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync().ConfigureAwait(false);
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }
        }
    }
}

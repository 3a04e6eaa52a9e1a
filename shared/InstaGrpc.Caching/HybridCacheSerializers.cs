using System.Buffers;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Caching;

/// <summary>How a <see cref="LeaseHybridCache"/> turns values into bytes: by the application's <see cref="IHybridCacheSerializer{T}"/> for the type, by the
/// first <see cref="IHybridCacheSerializerFactory"/> that has one, or as JSON. Null is kept as "there is no such thing".</summary>
/// <param name="services">The application's.</param>
public sealed class HybridCacheSerializers(IServiceProvider services)
{
    /// <summary>The value's bytes; null for null. False: too large for an entry.</summary>
    internal bool TryWrite<T>(T value, out ReadOnlyMemory<byte>? bytes)
    {
        if (value is null)
        {
            bytes = null;
            return true;
        }

        var buffer = new ArrayBufferWriter<byte>();
        Find<T>().Serialize(value, buffer);
        bytes = buffer.WrittenMemory;
        return buffer.WrittenCount <= LeaseCache.MaxValueBytes;
    }

    internal T Read<T>(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } present ? Find<T>().Deserialize(new ReadOnlySequence<byte>(present)) : default!;

    private IHybridCacheSerializer<T> Find<T>()
    {
        if (services.GetService<IHybridCacheSerializer<T>>() is { } own)
        {
            return own;
        }

        foreach (var factory in services.GetServices<IHybridCacheSerializerFactory>())
        {
            if (factory.TryCreateSerializer<T>(out var made))
            {
                return made;
            }
        }

        return Internal.JsonHybridSerializer<T>.Instance;
    }
}

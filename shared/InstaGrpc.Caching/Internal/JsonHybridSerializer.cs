using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Caching.Hybrid;

namespace InstaGrpc.Caching.Internal;

/// <summary>What serves a type that nobody brought a serializer for.</summary>
internal sealed class JsonHybridSerializer<T> : IHybridCacheSerializer<T>
{
    public static readonly JsonHybridSerializer<T> Instance = new();

    public T Deserialize(ReadOnlySequence<byte> source)
    {
        var reader = new Utf8JsonReader(source);
        return JsonSerializer.Deserialize<T>(ref reader)!;
    }

    public void Serialize(T value, IBufferWriter<byte> target)
    {
        using var writer = new Utf8JsonWriter(target);
        JsonSerializer.Serialize(writer, value);
    }
}

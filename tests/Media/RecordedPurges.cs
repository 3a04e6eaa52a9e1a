using System.Collections.Concurrent;
using InstaGrpc.Photos;

namespace InstaGrpc.Media.Tests;

internal sealed class RecordedPurges : IEdgePurge
{
    public ConcurrentQueue<string> Paths { get; } = new();

    public ValueTask PurgeAsync(IReadOnlyList<string> paths, CancellationToken cancellation)
    {
        foreach (var path in paths)
        {
            Paths.Enqueue(path);
        }

        return ValueTask.CompletedTask;
    }
}

using System.Collections.Concurrent;

namespace InstaGrpc.Photos.Internal.Decoding;

/// <summary>The child processes of one libvips.</summary>
/// <param name="libvips">Its path or name.</param>
/// <param name="most">Of them at once.</param>
internal sealed class DecoderChildren(string libvips, int most) : IDisposable
{
    private volatile bool _over;

    public string Libvips => libvips;

    public SemaphoreSlim Places { get; } = new(most);

    public ConcurrentStack<DecoderProcess> Idle { get; } = new();

    public ConcurrentDictionary<int, bool> Alive { get; } = new();

    public void GiveBack(DecoderProcess child, bool whole)
    {
        if (whole)
        {
            Idle.Push(child);
            if (!_over)
            {
                return;
            }

            // Disposed meanwhile: whoever takes it out of the stack ends it.
            if (!Idle.TryPop(out child!))
            {
                return;
            }
        }

        Alive.TryRemove(child.Id, out _);
        child.Dispose();
    }

    public void Dispose()
    {
        _over = true;
        while (Idle.TryPop(out var child))
        {
            child.Dispose();
        }

        Places.Dispose();
    }
}

using System.Numerics;

namespace InstaGrpc.Memcached.Internal;

/// <summary>Every fault of the options in one message.</summary>
internal static class OptionsCheck
{
    public static void ThrowIfInvalid(MemcachedOptions options)
    {
        var faults = new List<string>();
        if (options.Servers.Count == 0)
        {
            faults.Add("Servers is empty; name at least one host:port");
        }

        Range(nameof(options.ConnectionsPerServer), options.ConnectionsPerServer, 1, 64);
        Span(nameof(options.OperationTimeout), options.OperationTimeout, TimeSpan.FromMinutes(1));
        Span(nameof(options.PipelineTimeout), options.PipelineTimeout, TimeSpan.FromMinutes(10));
        Span(nameof(options.ConnectTimeout), options.ConnectTimeout, TimeSpan.FromMinutes(1));
        Span(nameof(options.ReconnectMin), options.ReconnectMin, TimeSpan.FromMinutes(1));
        Span(nameof(options.ReconnectMax), options.ReconnectMax, TimeSpan.FromMinutes(10));
        Range(nameof(options.QueueDepth), options.QueueDepth, 16, 65_536);
        Range(nameof(options.QueueBytes), options.QueueBytes, 64 * 1024, 1024 * 1024 * 1024);
        if (!BitOperations.IsPow2(options.QueueDepth))
        {
            faults.Add($"QueueDepth is {options.QueueDepth}; it must be a power of two");
        }

        if (options.ReconnectMax < options.ReconnectMin)
        {
            faults.Add("ReconnectMax is shorter than ReconnectMin");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"Insta:Memcached: {string.Join("; ", faults)}.");
        }

        void Range(string name, int value, int least, int most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{name} is {value}; it must be {least} to {most}");
            }
        }

        void Span(string name, TimeSpan value, TimeSpan most)
        {
            if (value < TimeSpan.FromMilliseconds(10) || value > most)
            {
                faults.Add($"{name} is {value}; it must be 10 ms to {most}");
            }
        }
    }
}

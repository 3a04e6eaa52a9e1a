namespace InstaGrpc.Memcached;

/// <summary>Which memcached servers there are and how to talk to them. Configuration section <c>Insta:Memcached</c>.</summary>
public sealed class MemcachedOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Memcached";

    /// <summary>The servers as <c>host:port</c>; port 11211 if it is left out. In configuration: a list, or one string with commas.
    /// Empty: there is no cache.</summary>
    public IList<string> Servers { get; set; } = [];

    /// <summary>Connections shared by all callers, for each server. More than a few only splits the batches that callers share.</summary>
    /// <value>2; 1 to 64.</value>
    public int ConnectionsPerServer { get; set; } = 2;

    /// <summary>How long a command may wait for its reply, from the call. It is measured in quarters of itself: a command fails after 1 to
    /// 1.25 times this.</summary>
    /// <value>500 ms; 10 ms to 1 min.</value>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The same for a <see cref="MetaPipeline"/>, which may hold tens of thousands of commands.</summary>
    /// <value>5 s; 10 ms to 10 min.</value>
    public TimeSpan PipelineTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long making a connection, the first exchange included, may take.</summary>
    /// <value>1 s; 10 ms to 1 min.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>First wait after a connection could not be made. It doubles with each failure up to <see cref="ReconnectMax"/>; the actual
    /// wait is drawn between half of it and all of it, so that processes do not return in step.</summary>
    /// <value>50 ms.</value>
    public TimeSpan ReconnectMin { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest wait between two attempts.</summary>
    /// <value>2 s.</value>
    public TimeSpan ReconnectMax { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Commands (a multi-get or a pipeline counts as one) that may wait on one connection. One more fails at once with
    /// <see cref="MemcachedUnavailableException"/>: waiting longer would only add to a queue that is not served.</summary>
    /// <value>8,192; a power of two, 16 to 65,536.</value>
    public int QueueDepth { get; set; } = 8192;

    /// <summary>Bytes that may wait to be sent on one connection. A single pipeline on an idle connection may be larger.</summary>
    /// <value>16 MiB.</value>
    public int QueueBytes { get; set; } = 16 * 1024 * 1024;
}

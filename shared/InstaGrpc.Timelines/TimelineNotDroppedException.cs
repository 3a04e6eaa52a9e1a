using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines;

/// <summary>A server answered the deletion of a timeline with an error, so that it may still hold one with a hole.</summary>
public sealed class TimelineNotDroppedException : MemcachedException
{
    internal TimelineNotDroppedException(string server, in MetaReply reply)
        : base($"memcached {server} did not delete a timeline: {reply}.", null)
    {
    }
}

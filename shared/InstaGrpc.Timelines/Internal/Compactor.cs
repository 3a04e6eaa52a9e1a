namespace InstaGrpc.Timelines.Internal;

/// <summary>What stays of a timeline that has grown too long: the newest posts, each once, and every notice once.</summary>
internal static class Compactor
{
    public static TimelineContent Compact(in TimelineHeader header, ReadOnlySpan<TimelineEntry> entries, int cap)
    {
        var posts = new SortedSet<long>();
        var notices = new SortedSet<long>();
        foreach (var entry in entries)
        {
            if (entry.IsNotice)
            {
                notices.Add(entry.Id);
            }
            else if (entry.Id > header.Floor)
            {
                posts.Add(entry.Id);
            }
        }

        long[] newest = [.. posts.Reverse().Take(cap)];
        // Just below the oldest that stays: this one is still in the item.
        var floor = posts.Count > newest.Length ? newest[^1] - 1 : header.Floor;
        return new TimelineContent(newest, [.. notices], floor);
    }
}

using System.Diagnostics;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Load.Mesh;

namespace InstaGrpc.Load.Oracle;

/// <summary>
/// The oracle: knows what was written, and holds every answer against it.
/// Own writes bind a read that carries their token from their acknowledgement on. Others' bind it once the stream has applied them (<see cref="StreamClock"/>
/// has measured it), counts once they are folded too and the contract's staleness has gone by, feeds once the post is fanned out. No count may be lower than the
/// same reader has seen, or higher than what was ever begun. Lists are in order, without doubles.
/// </summary>
/// <param name="stream">Says how far the stream is.</param>
/// <param name="violations">Where it tells.</param>
/// <param name="alone">Whether nobody but this process writes for these users: only then is there a most that counts may show.</param>
internal sealed class Judge(StreamClock stream, Violations violations, bool alone = true)
{
    /// <summary>The counts' <c>max_stale_ms</c>, and the second after which a copy in a process ends whose drop was lost.</summary>
    private static readonly long _countsMayLag = 3 * Stopwatch.Frequency;

    private readonly CountFloors _floors = new();

    /// <summary>Posts by author.</summary>
    public WriteBook Posts { get; } = new();

    /// <summary>Likes by post, of posts that were made in this run.</summary>
    public WriteBook Likes { get; } = new();

    /// <summary>Comments by post, of posts that were made in this run.</summary>
    public WriteBook Comments { get; } = new();

    public Violations Violations => violations;

    /// <summary>A read begins.</summary>
    public static Look Look(Person reader)
    {
        // First the moment, then the token: it holds every write that was acknowledged before.
        var at = Stopwatch.GetTimestamp();
        return new Look(reader, at, reader.Token);
    }

    /// <summary>A write was acknowledged.</summary>
    public void Acknowledged(WriteBook book, long owner, Person writer, long subject, string? token)
    {
        if (!ReadToken.TryParse(token, out var positions) || positions.Positions is not [var (node, position), ..])
        {
            violations.Add("no token", $"the write of {subject} by user {writer.Id} was acknowledged without a position");
            return;
        }

        writer.Wrote(positions);
        var write = new AckedWrite(subject, writer.Id, node, position, Stopwatch.GetTimestamp());
        book.Of(owner).Add(write);
        stream.Track(write);
    }

    /// <summary>A page of a user's posts, from the newest on.</summary>
    /// <param name="look">The read.</param>
    /// <param name="author">Whose posts.</param>
    /// <param name="ids">As they were answered.</param>
    /// <param name="last">Whether no page follows.</param>
    public void PostsOf(Look look, Person author, IReadOnlyList<long> ids, bool last)
    {
        var kind = $"posts of user {author.Id}";
        InOrder(look, kind, ids);
        Holds(look, kind, ids, last, author, static (write, at) => write.AppliedAt <= at);
    }

    /// <summary>A page of a home feed, from the newest on.</summary>
    public void Home(Look look, IReadOnlyList<FeedItem> items, bool last)
    {
        long[] ids = [.. items.Select(static item => item.Media.Id)];
        InOrder(look, "home feed", ids);
        Holds(look, "home feed", ids, last, look.Reader, static (_, _) => false);
        foreach (var author in look.Reader.Follows)
        {
            Holds(look, "home feed", ids, last, author, static (write, at) => write.AppliedAt <= at && write.FannedOutAt <= at);
        }

        foreach (var item in items)
        {
            if (item.Counts is { } counts) LikesOf(look, counts.MediaId, counts.Likes);
        }
    }

    /// <summary>The count of a user's posts.</summary>
    public void PostCount(Look look, Person author, long count)
    {
        var page = Posts.Of(author.Id);
        Backwards(look, author.Id, count, $"post count of user {author.Id}");
        Between(look, page, author.PostsBefore, count, $"post count of user {author.Id}");
    }

    /// <summary>The count of a post's likes.</summary>
    public void LikesOf(Look look, long media, long count)
    {
        Backwards(look, media, count, $"likes of {media}");
        if (Likes.Knows(media) is { } page) Between(look, page, 0, count, $"likes of {media}");
    }

    /// <summary>Whether the reader likes a post.</summary>
    public void Liked(Look look, long media, bool liked)
    {
        // Nobody takes a like back in a run.
        if (!liked && Likes.Knows(media)?.Find(look.Reader.Id) is { } write && write.AckedAt <= look.At)
        {
            violations.Add("own write missing", $"{look.Reader.Id} is told with token \"{look.Token}\" that he does not like {media}, which he did "
                + $"{Milliseconds(look.At - write.AckedAt)} before the read (position {write.Node}={write.Position})");
        }
    }

    /// <summary>The newest comments of a post.</summary>
    public void CommentsOf(Look look, long media, IReadOnlyList<long> ids, bool last)
    {
        InOrder(look, $"comments of {media}", ids);
        Misses(look, $"comments of {media}", ids, last, Comments.Of(media), static (write, at) => write.AppliedAt <= at);
    }

    private void InOrder(Look look, string what, IReadOnlyList<long> ids)
    {
        for (var at = 1; at < ids.Count; at++)
        {
            if (ids[at] == ids[at - 1]) violations.Add("double", $"{what}, read by {look.Reader.Id}, has {ids[at]} twice");
            else if (ids[at] > ids[at - 1]) violations.Add("out of order", $"{what}, read by {look.Reader.Id}, has {ids[at]} after {ids[at - 1]}");
        }
    }

    private void Holds(Look look, string what, IReadOnlyList<long> ids, bool last, Person author, Func<AckedWrite, long, bool> binds)
    {
        if (Posts.Knows(author.Id) is { } page) Misses(look, what, ids, last, page, binds);
    }

    private void Misses(
        Look look, string what, IReadOnlyList<long> ids, bool last, WriteBook.Page page, Func<AckedWrite, long, bool> binds)
    {
        // What is older than the page's last entry is on another page.
        var oldest = last || ids.Count == 0 ? long.MinValue : ids[^1];
        HashSet<long>? shown = null;
        foreach (var write in page.AckedAbove(oldest))
        {
            var owned = write.Writer == look.Reader.Id && write.AckedAt <= look.At;
            if (!owned && !binds(write, look.At)) continue;
            shown ??= [.. ids];
            if (shown.Contains(write.Subject)) continue;
            violations.Add(
                owned ? "own write missing" : "stale",
                $"{what}, read by {look.Reader.Id} with token \"{look.Token}\", lacks {write.Subject}, which was acknowledged "
                + $"{Milliseconds(look.At - write.AckedAt)} before the read (position {write.Node}={write.Position})");
        }
    }

    private void Backwards(Look look, long subject, long count, string what)
    {
        if (_floors.See(look, subject, count) is { } higher)
        {
            violations.Add("counts backwards", $"{what}: {look.Reader.Id} was shown {count} after {higher}");
        }
    }

    private void Between(Look look, WriteBook.Page page, long before, long count, string what)
    {
        if (before < 0) return;
        var most = before + page.Begun;
        if (alone && count > most) violations.Add("counts too high", $"{what}: {count} was shown, and no more than {most} were ever written");
        var least = before + page.CountedUntil(look.At - _countsMayLag);
        if (count < least) violations.Add("stale", $"{what}: {count} was shown, and {least} had been counted long before");
    }

    private static string Milliseconds(long ticks) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{ticks * 1e3 / Stopwatch.Frequency:0} ms");
}

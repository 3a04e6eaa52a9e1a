using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Turns the records of one node's stream into what they change on another (or the same) node.</summary>
/// <param name="source">Whose stream.</param>
/// <param name="target">Where it is written: counts of the source's rows belong to the source, a followee's to the followee's node.</param>
/// <param name="placement">id -> node.</param>
/// <param name="snapshots">The source's shards that were counted from their rows, and in which snapshot.</param>
/// <param name="texts">What the rows say that the records name.</param>
internal sealed class Fold(
    NodeName source, NodeName target, Func<long, NodeName> placement, IReadOnlyDictionary<int, SnapshotView> snapshots, SourceTexts texts)
{
    private readonly bool _isSource = source == target;

    public Deltas Deltas { get; } = new();

    /// <summary>Whether anything is derived from a record; the others only move the position on.</summary>
    public static bool Concerns(RowChange change) =>
        change is { EventCase: RowChange.EventOneofCase.Row, Origin: "" }
            && change.Row.Table is "likes" or "comments" or "media" or "users" or "follows" or "blocks";

    /// <summary>Whether the rows must be counted anew after this record: it says that rows changed without saying which.</summary>
    public static bool NeedsRebuild(RowChange change)
    {
        var tables = change.EventCase switch
        {
            RowChange.EventOneofCase.Truncate => change.Truncate.Tables,
            RowChange.EventOneofCase.Bulk => change.Bulk.Tables,
            RowChange.EventOneofCase.SchemaChange => change.SchemaChange.Tables,
            _ => null,
        };
        return tables is not null && (tables.Count == 0 || tables.Any(ProjectedTables.OfNodes.ContainsKey));
    }

    /// <summary>The shard of a post that is deleted no longer: its counts went with it, and must be made from its rows before this is
    /// folded.</summary>
    public static int? RevivedShard(RowChange change) =>
        Concerns(change) && change.Row is { Table: "media", Operation: RowOperation.Update } row && row.HasOld()
            && row.OldFlag("deleted") && !row.NewFlag("deleted")
            ? new InstaId(row.NewId("id")).Shard
            : null;

    /// <summary>Shards whose counts a record changes on its own node: their snapshots must be known to fold it.</summary>
    public static IEnumerable<int> ShardsOf(RowChange change)
    {
        var row = change.Row;
        var column = row.Table switch
        {
            "likes" or "comments" => "media_id",
            "media" => "owner_id",
            "users" => "id",
            "blocks" => "blocker_id",
            _ => "follower_id",
        };
        yield return new InstaId(row.NewId(column)).Shard;
        yield return new InstaId(row.OldId(column)).Shard;
        if (row.Table == "media")
        {
            yield return new InstaId(row.NewId("id")).Shard;
        }
    }

    public void Add(RowChange change)
    {
        if (!Concerns(change))
        {
            return;
        }

        var row = change.Row;
        var gone = row.Operation == RowOperation.Delete || (row.Operation == RowOperation.Update && row.HasOld());
        var come = row.Operation == RowOperation.Insert || (row.Operation == RowOperation.Update && row.HasOld());
        switch (row.Table)
        {
            case "follows":
                AddFollow(change, row, gone, come);
                break;
            case "blocks":
                AddBlock(row, gone, come);
                break;
            case "likes" or "comments":
                AddToMedia(change, row, gone, come);
                break;
            case "media":
                AddPost(change, row, gone, come);
                break;
            case "users" when _isSource:
                AddUser(row);
                break;
        }
    }

    private static DateTime At(RowChange change) => DateTime.UnixEpoch.AddMicroseconds(change.CommitTimeUs);

    private void AddUser(Row row)
    {
        if (row.Operation == RowOperation.Insert)
        {
            Deltas.AddUser(row.NewId("id"), 0, 0);
        }

        Deltas.Searched.Add((SearchKind.User, row.NewId("id")));
        Deltas.Searched.Add((SearchKind.User, row.OldId("id")));
    }

    private void AddBlock(Row row, bool gone, bool come)
    {
        if (gone)
        {
            One(row.OldId("blocked_id"), row.OldId("blocker_id"), present: false);
        }

        if (come)
        {
            One(row.NewId("blocked_id"), row.NewId("blocker_id"), present: true);
        }

        void One(long blocked, long blocker, bool present)
        {
            if (placement(blocked) == target)
            {
                Deltas.Blocks[(blocked, blocker)] = present;
            }
        }
    }

    private void AddMentions(RowChange change, long actor, long media, long comment)
    {
        foreach (var user in texts.MentionsIn(media, comment))
        {
            if (placement(user) == target)
            {
                Deltas.Events.Add(new NotifiedEvent(NotificationKind.Mention, user, actor, media, comment, At(change)));
            }
        }
    }

    private void AddFollow(RowChange change, Row row, bool gone, bool come)
    {
        if (gone)
        {
            One(row.OldId("follower_id"), row.OldId("followee_id"), present: false);
        }

        if (come)
        {
            One(row.NewId("follower_id"), row.NewId("followee_id"), present: true);
        }

        void One(long follower, long followee, bool present)
        {
            if (_isSource && !IsCounted(change, follower))
            {
                Deltas.AddUser(follower, 0, present ? 1 : -1);
            }

            if (placement(followee) == target)
            {
                Deltas.Edges[(followee, follower)] = present;
                if (present)
                {
                    Deltas.Events.Add(new NotifiedEvent(NotificationKind.Follow, followee, follower, 0, 0, At(change)));
                }
            }
        }
    }

    private void AddToMedia(RowChange change, Row row, bool gone, bool come)
    {
        var isComment = row.Table == "comments";
        if (come && isComment)
        {
            AddMentions(change, row.NewId("author_id"), row.NewId("media_id"), row.NewId("id"));
        }

        if (!_isSource)
        {
            return;
        }

        if (come)
        {
            // The owner is found where the post is: on this node.
            Deltas.Events.Add(isComment
                ? new NotifiedEvent(NotificationKind.Comment, 0, row.NewId("author_id"), row.NewId("media_id"), row.NewId("id"), At(change))
                : new NotifiedEvent(NotificationKind.Like, 0, row.NewId("user_id"), row.NewId("media_id"), 0, At(change)));
        }

        if (gone)
        {
            One(row.OldId("media_id"), -1);
        }

        if (come)
        {
            One(row.NewId("media_id"), 1);
        }

        void One(long media, long count)
        {
            if (!IsCounted(change, media))
            {
                Deltas.AddMedia(media, isComment ? 0 : count, isComment ? count : 0);
            }
        }
    }

    private void AddPost(RowChange change, Row row, bool gone, bool come)
    {
        var lived = gone && !row.OldFlag("deleted");
        var lives = come && !row.NewFlag("deleted");
        if (lives)
        {
            AddMentions(change, row.NewId("owner_id"), row.NewId("id"), 0);
        }

        if (!_isSource)
        {
            return;
        }

        Deltas.Searched.Add((SearchKind.Post, row.NewId("id")));
        Deltas.Searched.Add((SearchKind.Post, row.OldId("id")));
        if (lives && !lived)
        {
            Deltas.AddPost(row.NewId("owner_id"), row.NewId("id"), revived: row.Operation == RowOperation.Update);
        }

        if (lived && !IsCounted(change, row.OldId("owner_id")))
        {
            Deltas.AddUser(row.OldId("owner_id"), -1, 0);
        }

        if (lives && !IsCounted(change, row.NewId("owner_id")))
        {
            Deltas.AddUser(row.NewId("owner_id"), 1, 0);
        }

        if (lived && !(lives && row.OldId("id") == row.NewId("id")))
        {
            // Not asked whether it is counted: a rebuild has no row for it either.
            Deltas.Media.Remove(row.OldId("id"));
            Deltas.Buried.Add(row.OldId("id"));
        }

        if (lives)
        {
            Deltas.AddMedia(row.NewId("id"), 0, 0);
        }
    }

    private bool IsCounted(RowChange change, long id) =>
        snapshots.TryGetValue(new InstaId(id).Shard, out var snapshot) && snapshot.IsVisible(change.Xid);
}

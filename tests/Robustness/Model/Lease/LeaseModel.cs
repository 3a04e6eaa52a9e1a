using static InstaGrpc.Robustness.Model.Lease.LeaseAction;

namespace InstaGrpc.Robustness.Model.Lease;

/// <summary>
/// The heart of the protocol: one key on one memcached. Commits are decoded before they are visible, the follower lags, lineage 0 may
/// be a zombie, memcached evicts and restarts, and not every commit touches the key.
/// </summary>
/// <remarks>
/// Promised: an unmarked value of the live generation includes everything up to <c>lo</c>; whoever read <c>lo</c> before it asked for
/// the key (and so may hold any token up to it) hits nothing older.
/// </remarks>
public sealed partial class LeaseModel(LeaseBounds bounds, LeaseFault fault = LeaseFault.None) : IModel<LeaseState, LeaseAction>
{
    public LeaseState Start => default;

    public void Explore(in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        Node(now, steps);
        Memcached(now, steps);
        for (sbyte n = 0; n < bounds.Lineages; n++)
            Invalidate(n, now, steps);
        for (var n = 0; n < bounds.Readers; n++)
            Read(n, now, steps);
    }

    public string? Violation(in LeaseState state)
    {
        if (state.Watermark.Generation == 0 || Find(state, state.Watermark.Generation) is not (>= 0 and var i))
            return null;
        var entry = state.Entries[i];
        return entry.Value >= 0 && !entry.Marked && Rows(entry.Value) < Rows(state.Watermark.Lo)
            ? $"stale for ever: an unmarked value includes {entry.Value} commits, although {state.Watermark.Lo} were applied"
            : null;
    }

    private void Node(in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        if (now.Written < bounds.Commits)
        {
            var next = now;
            next.Written++;
            steps.Take(CommitIsWritten, next, $"commit {next.Written}");
        }

        if (now.Visible < now.Written)
        {
            var next = now;
            next.Visible++;
            steps.Take(CommitBecomesVisible, next, $"commit {next.Visible}");
        }

        // Publishing: decode -> wait until visible -> produce.
        if (now.Published < (fault == LeaseFault.PublishBeforeVisible ? now.Written : now.Visible))
        {
            var next = now;
            next.Published++;
            steps.Take(CommitIsPublished, next, $"commit {next.Published}");
        }

        if (now.Replayed < now.Written)
        {
            var next = now;
            next.Replayed++;
            steps.Take(FollowerReplaysCommit, next, $"commit {next.Replayed}");
        }
    }

    private void Memcached(in LeaseState now, Steps<LeaseState, LeaseAction> steps)
    {
        if (now.Restarts < bounds.Restarts)
        {
            var next = now;
            next.Watermark = default;
            next.Entries = default;
            next.Cas = 0;
            next.Restarts++;
            BreakConnections(ref next);
            steps.Take(MemcachedRestarts, next);
        }

        for (var i = 0; i < 5; i++)
        {
            if (now.Entries[i].Generation == 0)
                continue;
            if (now.Evictions < bounds.Evictions)
            {
                var next = now;
                next.Entries[i] = default;
                next.Evictions++;
                steps.Take(EntryIsEvicted, next, $"generation {now.Entries[i].Generation}");
            }

            // Reading 4: somebody saw the same CAS marked for longer than the lease: md I C<cas>.
            if (now.Entries[i] is { Marked: true, Won: true })
            {
                var next = now;
                Mark(ref next, i);
                steps.Take(LoserMarksAgain, next);
            }
        }

        if (now.Evictions < bounds.Evictions && now.Watermark.Generation != 0)
        {
            var next = now;
            next.Watermark = default;
            next.Evictions++;
            steps.Take(WatermarkIsEvicted, next);
        }
    }

    /// <summary>
    /// A lineage begins again, a watermark is dropped with its connection. A lease is not: as a token over RPC it can be filled through
    /// any connection, also into the next life of the server.
    /// </summary>
    private static void BreakConnections(ref LeaseState state)
    {
        foreach (ref var lineage in (Span<Lineage>)state.Lineages)
        {
            if (lineage.At != LineageAt.Ended)
                lineage = default;
        }

        foreach (ref var reader in (Span<Reader>)state.Readers)
        {
            if (reader.At == ReaderAt.KnowsWatermark)
                reader = default;
        }
    }

    /// <summary>How many changes of the row are among the first <paramref name="commits"/>.</summary>
    private int Rows(int commits)
    {
        var rows = 0;
        for (var commit = 1; commit <= commits; commit++)
            rows += bounds.TouchesKey(commit) || bounds.IsTruncate(commit) ? 1 : 0;
        return rows;
    }

    private static int Find(in LeaseState state, sbyte generation)
    {
        for (var i = 0; i < 5; i++)
        {
            if (state.Entries[i].Generation == generation)
                return i;
        }

        return -1;
    }

    /// <summary>A new value or stub: a new CAS, unmarked.</summary>
    private static void Store(ref LeaseState state, sbyte generation, sbyte value, bool won)
    {
        var i = Find(state, generation);
        if (i < 0)
            i = Find(state, 0);
        state.Entries[i] = new Entry { Generation = generation, Value = value, Cas = ++state.Cas, Won = won };
    }

    /// <summary><c>md key I</c>: the value stays, with a new CAS and a new right to win.</summary>
    private static void Mark(ref LeaseState state, int i)
    {
        ref var entry = ref state.Entries[i];
        entry.Marked = true;
        entry.Won = false;
        entry.Cas = ++state.Cas;
    }

    /// <summary>Writes the watermark; returns its CAS, which the writer's next write must name.</summary>
    private static sbyte Write(ref LeaseState state, Watermark watermark)
    {
        watermark.Cas = ++state.Cas;
        state.Watermark = watermark;
        return watermark.Cas;
    }
}

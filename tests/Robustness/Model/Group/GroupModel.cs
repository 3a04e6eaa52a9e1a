using System.Runtime.InteropServices;
using static InstaGrpc.Robustness.Model.Group.GroupAction;

namespace InstaGrpc.Robustness.Model.Group;

/// <summary>
/// Lists: pages live under their group's version; a change deletes the version item and no page. Two readers of one page.
/// </summary>
/// <remarks>Promised: the page under the live version includes everything applied; who knew <c>lo</c> hits nothing older.</remarks>
public sealed class GroupModel(int commits, int evictions, GroupFault fault = GroupFault.None) : IModel<GroupState, GroupAction>
{
    public GroupState Start => default;

    public string? Violation(in GroupState state) =>
        state.Version > 0 && Find(state, state.Version) is >= 0 and var i
            && state.Pages[i].Value is >= 0 and var value && value < state.Lo
            ? $"stale for ever: the page under the live version includes {value} commits, although {state.Lo} were applied"
            : null;

    public void Explore(in GroupState now, Steps<GroupState, GroupAction> steps)
    {
        var next = now;
        if (now.Written < commits)
        {
            next.Written++;
            steps.Take(CommitIsWritten, next, $"commit {next.Written}");
        }

        if (now.Visible < now.Written)
        {
            next = now;
            next.Visible++;
            steps.Take(CommitBecomesVisible, next, $"commit {next.Visible}");
        }

        if (now.Replayed < now.Written)
        {
            next = now;
            next.Replayed++;
            steps.Take(FollowerReplaysCommit, next, $"commit {next.Replayed}");
        }

        Invalidate(now, steps);
        Evict(now, steps);
        for (var n = 0; n < 2; n++)
            Read(n, now, steps);
    }

    private static void Invalidate(in GroupState now, Steps<GroupState, GroupAction> steps)
    {
        var next = now;
        switch (now.Invalidator)
        {
            case InvalidatorAt.Idle:
                for (var end = (sbyte)(now.Lo + 1); end <= now.Visible; end++)
                {
                    (next.Invalidator, next.Hi) = (InvalidatorAt.WroteHi, end);
                    steps.Take(InvalidatorWritesHi, next, $"hi {end}");
                }

                break;
            case InvalidatorAt.WroteHi:
                (next.Invalidator, next.Version) = (InvalidatorAt.Deleted, 0);
                steps.Take(InvalidatorDeletesVersion, next);
                break;
            case InvalidatorAt.Deleted:
                (next.Invalidator, next.Lo) = (InvalidatorAt.Idle, now.Hi);
                steps.Take(InvalidatorWritesLo, next, $"lo {next.Lo}");
                break;
        }
    }

    private void Evict(in GroupState now, Steps<GroupState, GroupAction> steps)
    {
        if (now.Evictions >= evictions)
            return;
        var next = now;
        next.Evictions++;
        if (now.Version > 0)
        {
            next.Version = 0;
            steps.Take(VersionIsEvicted, next);
        }

        for (var i = 0; i < 5; i++)
        {
            if (now.Pages[i].Version == 0)
                continue;
            next = now;
            next.Evictions++;
            next.Pages[i] = default;
            steps.Take(PageIsEvicted, next, $"version {now.Pages[i].Version}");
        }
    }

    private void Read(int n, in GroupState now, Steps<GroupState, GroupAction> steps)
    {
        var next = now;
        ref var me = ref next.Readers[n];
        switch (me.At)
        {
            case ReaderAt.Idle:
                (me.At, me.Lo) = (ReaderAt.KnowsWatermark, now.Lo);
                steps.Take(ReaderReadsWatermark, next, $"reader {n}, lo {now.Lo}");
                break;
            case ReaderAt.KnowsWatermark when now.Version > 0:
                (me.At, me.Version) = (ReaderAt.KnowsVersion, now.Version);
                steps.Take(ReaderReadsVersion, next, $"reader {n}, version {now.Version}");
                break;
            case ReaderAt.KnowsWatermark:
                me.At = ReaderAt.FoundNoVersion;
                steps.Take(ReaderFindsNoVersion, next, $"reader {n}");
                break;
            case ReaderAt.FoundNoVersion when now.Version > 0:
                me.At = ReaderAt.KnowsWatermark; // NS: read again
                steps.Take(ReaderIsRefusedItsVersion, next, $"reader {n}");
                break;
            case ReaderAt.FoundNoVersion:
                var version = fault == GroupFault.VersionReused ? (sbyte)1 : ++next.Versions;
                (me.At, me.Version, next.Version) = (ReaderAt.KnowsVersion, version, version);
                steps.Take(ReaderAddsVersion, next, $"reader {n}, version {version}");
                break;
            case ReaderAt.KnowsVersion:
                GetPage(n, now, steps);
                break;
            case ReaderAt.Won:
                (me.At, me.Fence) = (ReaderAt.HasFence, fault == GroupFault.PageWithoutFence ? (sbyte)0 : now.Hi);
                steps.Take(ReaderTakesFence, next, $"reader {n}, fence {me.Fence}");
                break;
            case ReaderAt.HasFence:
                (me.At, me.Value) = (ReaderAt.HasValue, now.Visible);
                steps.Take(ReaderReadsRows, next, $"reader {n}, primary: {now.Visible} commits");
                if (now.Replayed < me.Fence)
                    break;
                me.Value = now.Replayed;
                steps.Take(ReaderReadsRows, next, $"reader {n}, follower: {now.Replayed} commits");
                break;
            case ReaderAt.HasValue:
                var i = Find(now, me.Version);
                var fills = i >= 0 && now.Pages[i].Cas == me.Cas;
                if (fills)
                    next.Pages[i] = new Page { Version = me.Version, Value = me.Value, Cas = ++next.Cas };
                var action = fills ? ReaderFillsPage : ReaderIsOvertaken;
                steps.Take(action, Rest(next, n), $"reader {n}, version {me.Version}: {me.Value} commits");
                break;
        }
    }

    private static void GetPage(int n, in GroupState now, Steps<GroupState, GroupAction> steps)
    {
        var next = now;
        ref var me = ref next.Readers[n];
        var i = Find(now, me.Version);
        if (i < 0)
        {
            (me.At, me.Cas) = (ReaderAt.Won, ++next.Cas);
            next.Pages[Find(now, 0)] = new Page { Version = me.Version, Value = Page.Stub, Cas = me.Cas };
            steps.Take(ReaderWinsPage, next, $"reader {n}, version {me.Version}, CAS {me.Cas}");
        }
        else if (now.Pages[i].Value == Page.Stub)
        {
            steps.Take(ReaderMustWait, Rest(next, n), $"reader {n}");
        }
        else
        {
            if (now.Pages[i].Value < me.Lo)
                steps.Break(ReaderHitsPage, $"reader {n} hits a page of {now.Pages[i].Value} commits and knew that {me.Lo} were applied");
            steps.Take(ReaderHitsPage, Rest(next, n), $"reader {n}: {now.Pages[i].Value} commits");
        }
    }

    private static GroupState Rest(GroupState state, int n)
    {
        state.Readers[n] = default;
        return state;
    }

    private static int Find(in GroupState state, sbyte version)
    {
        for (var i = 0; i < 5; i++)
        {
            if (state.Pages[i].Version == version)
                return i;
        }

        return -1;
    }

    public GroupState Canonical(GroupState state)
    {
        Span<Reader> readers = state.Readers;
        Span<Page> pages = state.Pages;
        var versions = default(Ranks);
        var cas = default(Ranks);
        versions.Note(state.Version);
        foreach (ref var reader in readers)
        {
            if (reader.At > ReaderAt.KnowsVersion)
                reader.Lo = 0;
            if (reader.At != ReaderAt.HasFence)
                reader.Fence = 0;
            versions.Note(reader.Version);
            cas.Note(reader.Cas);
        }

        foreach (ref var page in pages)
        {
            if (!versions.Has(page.Version) && fault != GroupFault.VersionReused)
                page = default; // a version that nobody knows never comes back
            cas.Note(page.Cas);
        }

        state.Cas = cas.Close();
        if (fault != GroupFault.VersionReused)
            state.Versions = versions.Close();
        foreach (ref var page in pages)
        {
            page.Cas = cas.Of(page.Cas);
            page.Version = fault == GroupFault.VersionReused ? page.Version : versions.Of(page.Version);
        }

        foreach (ref var reader in readers)
        {
            reader.Cas = cas.Of(reader.Cas);
            reader.Version = fault == GroupFault.VersionReused ? reader.Version : versions.Of(reader.Version);
        }

        state.Version = fault == GroupFault.VersionReused ? state.Version : versions.Of(state.Version);
        pages.Sort(static (a, b) => b.Version.CompareTo(a.Version));
        if (MemoryMarshal.AsBytes(readers[..1]).SequenceCompareTo(MemoryMarshal.AsBytes(readers[1..])) > 0)
            (readers[0], readers[1]) = (readers[1], readers[0]);
        return state;
    }
}

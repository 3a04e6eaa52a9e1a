using static InstaGrpc.Robustness.Model.Contract.ContractAction;

namespace InstaGrpc.Robustness.Model.Contract;

/// <summary>
/// How a process may begin to cache under a contract that the running invalidator never heard of: announce, publish, honour, cache,
/// while writers write.
/// </summary>
/// <remarks>Promised: once <c>lo</c> is past a commit, no entry from before it is left.</remarks>
public sealed class ContractModel(ContractFault fault = ContractFault.None) : IModel<ContractState, ContractAction>
{
    public ContractState Start => default;

    public string? Violation(in ContractState state)
    {
        for (var c = 0; c < 2; c++)
        {
            var table = state.Tables[c];
            if (state.Contracts[c].Item == ItemIs.Old && table.Writer == WriterAt.Committed && table.CommittedAt <= state.Lo)
                return $"never seen: lo is {state.Lo}, contract {c}'s entry lacks the commit at {table.CommittedAt}";
        }

        return null;
    }

    public void Explore(in ContractState now, Steps<ContractState, ContractAction> steps)
    {
        for (var c = 0; c < 2; c++)
        {
            Announce(c, now, steps);
            Publish(c, now, steps);
            Write(c, now, steps);
            Cache(c, now, steps);
        }

        Invalidate(now, steps);
        Honour(now, steps);
    }

    /// <summary>
    /// Numbered in the inserting transaction by <c>UPDATE contract_counter … RETURNING</c>: the row's lock is held to the commit.
    /// </summary>
    private void Announce(int c, in ContractState now, Steps<ContractState, ContractAction> steps)
    {
        var next = now;
        ref var me = ref next.Contracts[c];
        var other = now.Contracts[1 - c];
        switch (me.At)
        {
            case ContractAt.New when other.At != ContractAt.Inserting || fault == ContractFault.NumbersFromSequence:
                var reuses = fault == ContractFault.NumberUsedAgain && other.At == ContractAt.Ended;
                (me.At, me.Number) = (ContractAt.Inserting, reuses ? other.Number : ++next.Numbers);
                steps.Take(ProcessInsertsContract, next, $"contract {c}, number {me.Number}");
                break;
            case ContractAt.Inserting:
                me.At = ContractAt.Announced;
                steps.Take(InsertCommits, next, $"contract {c}, number {me.Number}");
                break;
            case ContractAt.Announced when me.Item == ItemIs.Absent:
                me.At = ContractAt.Ended; // its process stopped long ago, its entries are gone
                steps.Take(ContractEnds, next, $"contract {c}, number {me.Number}");
                break;
        }
    }

    private void Publish(int c, in ContractState now, Steps<ContractState, ContractAction> steps)
    {
        // A refused one may be published later, when its table is there or was mended; it keeps its number.
        if (now.Contracts[c] is not { At: ContractAt.Announced, Node: NodeState.Unknown or NodeState.Refused })
            return;
        var next = now;
        if (now.Tables[c].IsPublished)
        {
            (next.Contracts[c].Node, next.Contracts[c].Lsn) = (NodeState.Lsn, now.Written);
            steps.Take(ChangesStoresLsn, next, $"contract {c}, LSN {now.Written}");
            return;
        }

        // LOCK TABLE … IN SHARE ROW EXCLUSIVE MODE waits for whoever has written, and holds up who wants to.
        var isLocked = now.Tables[c].Writer is WriterAt.Idle or WriterAt.Committed;
        if (isLocked || fault == ContractFault.PublishedWithoutLock)
        {
            next.Tables[c].IsPublished = true;
            next.Written++;
            steps.Take(ChangesPublishesTable, next, $"table {c}, at {next.Written}");
        }

        if (now.Contracts[c].Node == NodeState.Refused)
            return;
        next = now;
        next.Contracts[c].Node = NodeState.Refused;
        steps.Take(ChangesRefusesContract, next, $"contract {c}");
    }

    private static void Write(int c, in ContractState now, Steps<ContractState, ContractAction> steps)
    {
        var next = now;
        ref var table = ref next.Tables[c];
        switch (table.Writer)
        {
            case WriterAt.Idle:
                table.Writer = table.IsPublished ? WriterAt.WrotePublished : WriterAt.WroteUnpublished;
                steps.Take(WriterWrites, next, $"table {c}");
                break;
            case WriterAt.WroteUnpublished or WriterAt.WrotePublished:
                table.ChangeIsInStream = table.Writer == WriterAt.WrotePublished;
                (table.Writer, table.CommittedAt) = (WriterAt.Committed, ++next.Written);
                var seen = table.ChangeIsInStream ? "" : ", not in the stream";
                steps.Take(WriterCommits, next, $"table {c}, at {table.CommittedAt}{seen}");
                break;
        }
    }

    /// <summary>A process caches when its number's state on the node is an LSN and the watermark has reached the number.</summary>
    private void Cache(int c, in ContractState now, Steps<ContractState, ContractAction> steps)
    {
        var me = now.Contracts[c];
        var looksAtNode = fault is not (ContractFault.RefusedCoveredByNumber or ContractFault.HonouredBeforePublished);
        if (me.At != ContractAt.Announced || now.Honoured < me.Number || (looksAtNode && me.Node != NodeState.Lsn))
            return;
        if (me.Item != ItemIs.Absent)
        {
            steps.Take(ProcessHits, now, $"contract {c}");
            return;
        }

        var next = now;
        next.Contracts[c].Item = now.Tables[c].Writer == WriterAt.Committed ? ItemIs.New : ItemIs.Old;
        steps.Take(ProcessCaches, next, $"contract {c}, {(next.Contracts[c].Item == ItemIs.New ? "new" : "old")} row");
    }

    private void Invalidate(in ContractState now, Steps<ContractState, ContractAction> steps)
    {
        var next = now;
        if (now.Lo < now.Written)
        {
            next.Lo++;
            for (var c = 0; c < 2; c++)
            {
                var table = now.Tables[c];
                if (table.CommittedAt == next.Lo && table.ChangeIsInStream && now.Contracts[c].IsLoaded)
                    next.Contracts[c].Item = ItemIs.Absent;
            }

            steps.Take(InvalidatorAppliesPosition, next, $"lo {next.Lo}");
        }

        for (var c = 0; c < 2; c++)
        {
            if (now.Contracts[c] is { At: ContractAt.Announced, Node: NodeState.Lsn, IsLoaded: false } passed && passed.Number <= now.Honoured
                && fault == ContractFault.RefusedThenPublished)
            {
                next = now;
                next.Contracts[c].IsLoaded = true;
                steps.Take(InvalidatorHonoursNumber, next, $"number {passed.Number}, now that it reads of its LSN");
            }
        }

        if (!now.LineageChanged)
        {
            next = now;
            next.LineageChanged = true;
            foreach (ref var contract in (Span<Contract>)next.Contracts)
                contract.IsLoaded &= fault != ContractFault.LineageWithoutContracts; // else: loads all up to the watermark's number
            steps.Take(NewLineageTakesOver, next);
        }
    }

    /// <summary>
    /// Through the numbers in order, as the table shows them: the lowest committed one above the watermark's. There are no holes, so
    /// nothing lower can still appear.
    /// </summary>
    private void Honour(in ContractState now, Steps<ContractState, ContractAction> steps)
    {
        var lowest = -1;
        for (var c = 0; c < 2; c++)
        {
            var contract = now.Contracts[c];
            var isCandidate = contract.At is ContractAt.Announced or ContractAt.Ended && contract.Number > now.Honoured;
            if (isCandidate && (lowest < 0 || contract.Number < now.Contracts[lowest].Number))
                lowest = c;
        }

        if (lowest < 0)
            return;
        var next = now;
        ref var me = ref next.Contracts[lowest];
        next.Honoured = me.Number;
        var isPassedOver = me.Node == NodeState.Refused || me.At == ContractAt.Ended;
        me.IsLoaded = !isPassedOver || fault != ContractFault.RefusedThenPublished; // its keys are derived all the same
        if (isPassedOver)
            steps.Take(InvalidatorPassesOver, next, $"number {me.Number}");
        else if ((me.Node == NodeState.Lsn && now.Lo >= me.Lsn) || fault == ContractFault.HonouredBeforePublished)
            steps.Take(InvalidatorHonoursNumber, next, $"number {me.Number}, LSN {me.Lsn}");
    }
}

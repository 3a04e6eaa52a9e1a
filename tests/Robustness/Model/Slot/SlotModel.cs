using static InstaGrpc.Robustness.Model.Slot.SlotAction;

namespace InstaGrpc.Robustness.Model.Slot;

/// <summary>
/// A replication slot is lost and made anew while commits wait to become visible (as with a synchronous standby). The new slot misses
/// what was written before it, also what nobody can see yet.
/// </summary>
/// <remarks>Promised: the entry includes every commit up to <c>lo</c>.</remarks>
public sealed class SlotModel(SlotFault fault = SlotFault.None) : IModel<SlotState, SlotAction>
{
    private const int Losses = 2;

    public SlotState Start => default;

    public string? Violation(in SlotState state)
    {
        if (!state.HasItem)
            return null;
        for (var t = 0; t < 2; t++)
        {
            var transaction = state.Transactions[t];
            if (transaction.At >= TransactionAt.Written && transaction.Position <= state.Lo && (state.Item & (1 << t)) == 0)
                return $"never seen: lo is {state.Lo}, the entry lacks the commit at {transaction.Position}";
        }

        return null;
    }

    public void Explore(in SlotState now, Steps<SlotState, SlotAction> steps)
    {
        for (var t = 0; t < 2; t++)
            Transact(t, now, steps);
        Publish(now, steps);
        Apply(now, steps);
        Read(now, steps);
    }

    private static void Transact(int t, in SlotState now, Steps<SlotState, SlotAction> steps)
    {
        var next = now;
        ref var me = ref next.Transactions[t];
        switch (me.At)
        {
            case TransactionAt.None:
                (me.At, me.Xid) = (TransactionAt.Open, ++next.Xids);
                steps.Take(TransactionBegins, next, $"xid {me.Xid}");
                break;
            case TransactionAt.Open:
                (me.At, me.Position) = (TransactionAt.Written, ++next.Written);
                steps.Take(CommitIsWritten, next, $"xid {me.Xid} at {me.Position}");
                break;
            case TransactionAt.Written:
                me.At = TransactionAt.Visible;
                steps.Take(CommitBecomesVisible, next, $"xid {me.Xid}");
                break;
        }
    }

    private void Publish(in SlotState now, Steps<SlotState, SlotAction> steps)
    {
        var next = now;
        if (!now.HasSlot)
        {
            // PostgreSQL waits for transactions whose commit is not written, not for those that wait to become visible.
            if (now.Transactions[0].At == TransactionAt.Open || now.Transactions[1].At == TransactionAt.Open)
                return;
            (next.HasSlot, next.SlotBegins, next.Published) = (true, now.Written, now.Written);
            next.Xmax = (sbyte)(now.Xids + 1);
            steps.Take(SlotIsMade, next, $"decodes after {now.Written}, xmax {next.Xmax}");
            return;
        }

        if (now.Losses < Losses)
        {
            (next.HasSlot, next.ResetSent, next.SlotBegins, next.Xmax) = (false, false, 0, 0);
            next.Losses++;
            steps.Take(SlotIsLost, next);
        }

        next = now;
        if (!now.ResetSent)
        {
            if (Xmin(now) < now.Xmax && fault != SlotFault.ResetAtOnce)
                return;
            next.ResetSent = true;
            steps.Take(ResetIsSent, next, $"go on from {now.SlotBegins}");
            return;
        }

        // decode -> wait until visible -> produce
        for (var t = 0; t < 2; t++)
        {
            if (now.Transactions[t] is { At: TransactionAt.Visible } commit && commit.Position == now.Published + 1)
            {
                next = now;
                next.Published++;
                steps.Take(CommitIsPublished, next, $"{next.Published}");
            }
        }
    }

    private static sbyte Xmin(in SlotState state)
    {
        var xmin = (sbyte)(state.Xids + 1);
        foreach (var transaction in (ReadOnlySpan<Transaction>)state.Transactions)
        {
            if (transaction.At is TransactionAt.Open or TransactionAt.Written)
                xmin = Math.Min(xmin, transaction.Xid);
        }

        return xmin;
    }

    private static void Apply(in SlotState now, Steps<SlotState, SlotAction> steps)
    {
        var next = now;
        (next.HasItem, next.Item, next.HasLease) = (false, 0, false);
        if (!now.HasSlot || !now.ResetSent)
            return;
        if (!now.HasGeneration || now.Lo < now.SlotBegins)
        {
            (next.HasGeneration, next.Lo) = (true, now.SlotBegins);
            steps.Take(ResetBeginsGeneration, next, $"lo = hi = {next.Lo}");
        }
        else if (now.Lo < now.Published)
        {
            next.Lo++;
            steps.Take(CommitIsApplied, next, $"lo {next.Lo}");
        }
    }

    private static void Read(in SlotState now, Steps<SlotState, SlotAction> steps)
    {
        var next = now;
        switch (now.Reader)
        {
            case ReaderAt.Idle when now is { HasGeneration: true, HasItem: false }:
                (next.Reader, next.HasLease) = (ReaderAt.Won, true);
                steps.Take(ReaderWinsLease, next);
                break;
            case ReaderAt.Won:
                next.Reader = ReaderAt.HasValue;
                for (var t = 0; t < 2; t++)
                    next.Read |= (byte)(now.Transactions[t].At == TransactionAt.Visible ? 1 << t : 0);
                steps.Take(ReaderReadsRows, next, $"{int.PopCount(next.Read)} commits");
                break;
            case ReaderAt.HasValue:
                if (now.HasLease)
                    (next.HasItem, next.Item) = (true, now.Read);
                (next.Reader, next.Read, next.HasLease) = (ReaderAt.Idle, 0, false);
                steps.Take(now.HasLease ? ReaderFills : ReaderIsOvertaken, next, $"{int.PopCount(now.Read)} commits");
                break;
        }
    }
}

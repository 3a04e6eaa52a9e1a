using static InstaGrpc.Robustness.Model.Topic.TopicAction;

namespace InstaGrpc.Robustness.Model.Topic;

/// <summary>
/// From PostgreSQL's slot over Kafka to the invalidator. Kafka may lose what it acknowledged (an embedded broker that died, an unclean
/// election) and trims its head; the publisher restarts where the slot stands.
/// </summary>
/// <remarks>Promised: once <c>lo</c> is past a change, no entry from before it is visible.</remarks>
public sealed class TopicModel(int transactions, int losses, int restarts, TopicFault fault = TopicFault.None)
    : IModel<TopicState, TopicAction>
{
    public TopicState Start => default;

    public string? Violation(in TopicState state) =>
        state is { HasItem: true, ItemIsNew: false, RowChangedAt: > 0 } && state.Lo >= state.RowChangedAt
            ? $"a loss goes unnoticed: lo is {state.Lo}, the change at {state.RowChangedAt} was never applied"
            : null;

    public void Explore(in TopicState now, Steps<TopicState, TopicAction> steps)
    {
        var next = now;
        if (now.Written < transactions)
        {
            next.Written++;
            steps.Take(HeartbeatIsWritten, next, $"at {next.Written}");
            if (now.RowChangedAt == 0)
            {
                next.RowChangedAt = next.Written;
                steps.Take(RowChanges, next, $"at {next.Written}");
            }
        }

        if (!now.HasItem)
        {
            next = now;
            (next.HasItem, next.ItemIsNew) = (true, now.RowChangedAt > 0);
            steps.Take(ReaderFills, next, $"{(next.ItemIsNew ? "new" : "old")} row");
        }

        Publish(now, steps);
        Kafka(now, steps);
        Consume(now, steps);
    }

    private void Publish(in TopicState now, Steps<TopicState, TopicAction> steps)
    {
        var next = now;
        if (now.Produced < now.Written && now.Records < 5)
        {
            var record = new Record { Position = ++next.Produced, Predecessor = now.Produced };

            // As written, the predecessor of the first record after a restart is where the slot stands: Produced = Confirmed.
            if (fault == TopicFault.PredecessorFromTopicsTail && now is { HasJustRestarted: true, Records: > 0 })
                record.Predecessor = now.Log[now.Records - 1].Position;
            next.HasJustRestarted = false;
            next.Log[next.Records++] = record;
            steps.Take(PublisherProduces, next, $"{record.Position}, predecessor {record.Predecessor}");
        }

        if (now.Confirmed < now.Produced)
        {
            next = now;
            next.Confirmed = now.Produced;
            steps.Take(PublisherConfirms, next, $"{next.Confirmed}");
        }

        if (now.Restarts < restarts)
        {
            next = now;
            next.Restarts++;
            next.HasJustRestarted = true;
            next.Produced = now.Confirmed; // the slot sends again what was not confirmed
            steps.Take(PublisherRestarts, next, $"at {now.Confirmed}");
        }
    }

    private void Kafka(in TopicState now, Steps<TopicState, TopicAction> steps)
    {
        if (now.Records == 0)
            return;
        var next = now;
        if (now.Losses < losses)
        {
            next.Losses++;
            next.Log[--next.Records] = default;
            steps.Take(KafkaLosesTail, next, $"{now.Log[now.Records - 1].Position}");
        }

        next = now;
        for (var i = 1; i < now.Records; i++)
            next.Log[i - 1] = now.Log[i];
        next.Log[--next.Records] = default;
        steps.Take(KafkaTrimsHead, next, $"{now.Log[0].Position}");
    }

    /// <summary>
    /// Offsets are hints, so every step begins at the log's start and goes by positions; a lineage that begins again does just the same.
    /// record &lt;= P: skip; predecessor &lt;= P &lt; record: apply; predecessor &gt; P: gap.
    /// </summary>
    private void Consume(in TopicState now, Steps<TopicState, TopicAction> steps)
    {
        for (var i = 0; i < now.Records; i++)
        {
            var record = now.Log[i];
            if (record.Position <= now.Lo)
            {
                steps.Take(InvalidatorSkips, now, $"{record.Position}");
                continue;
            }

            var next = now;
            if (record.Predecessor > now.Lo && fault != TopicFault.PredecessorIgnored)
            {
                (next.HasItem, next.ItemIsNew, next.Lo) = (false, false, record.Predecessor);
                steps.Take(GapBeginsGeneration, next, $"at {now.Lo}, record {record.Position} after {record.Predecessor}");
                return;
            }

            next.Lo = record.Position;
            if (record.Position == now.RowChangedAt)
                (next.HasItem, next.ItemIsNew) = (false, false);
            steps.Take(InvalidatorApplies, next, $"{record.Position}");
            return;
        }
    }
}

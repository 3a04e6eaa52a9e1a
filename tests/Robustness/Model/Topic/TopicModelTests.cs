using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Topic;

public sealed class TopicModelTests(ITestOutputHelper output) : ModelTests(output)
{
    [Fact]
    public void WhateverKafkaLosesIsNoticed() => AssertSound(
        Explorer.Explore("topic, 3 transactions", new TopicModel(transactions: 3, losses: 2, restarts: All ? 2 : 1)));

    [Fact]
    public void APredecessorTakenFromTheTopicsTailHidesKafkasLoss() => Find(TopicFault.PredecessorFromTopicsTail);

    [Fact]
    public void ARecordAppliedWhateverItsPredecessorHidesATrimmedHead() => Find(TopicFault.PredecessorIgnored);

    private void Find(TopicFault fault) => AssertFound(
        Explorer.Explore($"topic, {fault}", new TopicModel(transactions: 3, losses: 1, restarts: 1, fault)), "a loss goes unnoticed");
}

namespace InstaGrpc.Robustness.Model.Topic;

public enum TopicAction
{
    RowChanges,
    HeartbeatIsWritten,
    PublisherProduces,
    PublisherConfirms,
    PublisherRestarts,
    KafkaLosesTail,
    KafkaTrimsHead,
    InvalidatorSkips,
    InvalidatorApplies,
    GapBeginsGeneration,
    ReaderFills,
}

namespace InstaGrpc.Robustness.Model.Topic;

public enum TopicFault
{
    None,

    /// <summary>After a restart the predecessor of the first record is the topic's last position.</summary>
    PredecessorFromTopicsTail,

    /// <summary>A record is applied whatever its predecessor is.</summary>
    PredecessorIgnored,
}

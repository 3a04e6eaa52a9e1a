using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Robustness.Feeds.Validation;

/// <summary>What one notification says; of a user's each is another one.</summary>
public readonly record struct Told(NotificationKind Kind, long Actor, long Media, long Comment)
{
    public static Told Of(Notification notification) =>
        new(notification.Kind, notification.ActorId, notification.MediaId, notification.CommentId);
}

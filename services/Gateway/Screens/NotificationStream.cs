using System.Threading.Channels;
using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Services.Gateway.Screens;

/// <summary>Notifications as they come, with who did it and to which post. Those that come together are filled together.</summary>
internal sealed class NotificationStream(
    FeedService.FeedServiceClient feed, MediaService.MediaServiceClient media, AppPosts posts, HiddenUsers hidden)
{
    private const int Together = 100;

    public async Task FollowAsync(
        long viewer, long afterId, IServerStreamWriter<NotificationsResponse> responses, CancellationToken cancellation)
    {
        using var call = feed.WatchNotifications(new WatchNotificationsRequest { AfterId = afterId }, cancellationToken: cancellation);
        var come = Channel.CreateBounded<Notification>(Together);
        var reading = ReadAsync(call.ResponseStream, come.Writer, cancellation);
        List<Notification> some = [];
        while (await come.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            some.Clear();
            while (some.Count < Together && come.Reader.TryRead(out var one))
            {
                some.Add(one);
            }

            foreach (var filled in await FillAsync(viewer, some, cancellation).ConfigureAwait(false))
            {
                await responses.WriteAsync(filled, cancellation).ConfigureAwait(false);
            }
        }

        await reading.ConfigureAwait(false);
    }

    private static async Task ReadAsync(
        IAsyncStreamReader<WatchNotificationsResponse> from, ChannelWriter<Notification> to, CancellationToken cancellation)
    {
        try
        {
            while (await from.MoveNext(cancellation).ConfigureAwait(false))
            {
                await to.WriteAsync(from.Current.Notification, cancellation).ConfigureAwait(false);
            }

            to.Complete();
        }
        catch (Exception e)
        {
            // For whoever waits; it is thrown there.
            to.Complete(e);
        }
    }

    private async ValueTask<IEnumerable<NotificationsResponse>> FillAsync(long viewer, List<Notification> some, CancellationToken cancellation)
    {
        var request = new BatchGetMediaRequest { MediaIds = { some.Select(static one => one.MediaId).Where(static id => id != 0).Distinct() } };
        var reading = PostsAsync(viewer, request, cancellation);
        var finding = posts.UsersAsync(some.Select(static one => one.ActorId), cancellation).AsTask();
        await Task.WhenAll(reading, finding).ConfigureAwait(false);
        var (found, actors) = (await reading.ConfigureAwait(false), await finding.ConfigureAwait(false));

        // One of somebody who is gone still moves the reader's place on.
        return some.Select(one => new NotificationsResponse
        {
            Notification = one, Actor = actors.GetValueOrDefault(one.ActorId), Media = found.GetValueOrDefault(one.MediaId),
        });
    }

    /// <summary>Without posts of users who are hidden from the viewer: somebody else may have mentioned him below one.</summary>
    private async Task<Dictionary<long, Media>> PostsAsync(long viewer, BatchGetMediaRequest request, CancellationToken cancellation)
    {
        if (request.MediaIds.Count == 0)
        {
            return [];
        }

        var reading = media.BatchGetMediaAsync(request, cancellationToken: cancellation).ResponseAsync;
        var hiding = hidden.FromAsync(viewer, cancellation);
        await Task.WhenAll(reading, hiding).ConfigureAwait(false);
        var unseen = await hiding.ConfigureAwait(false);
        return (await reading.ConfigureAwait(false)).Media.Where(post => !unseen.Contains(post.OwnerId)).ToDictionary(static post => post.Id);
    }
}

using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Robustness.Feeds.Traffic;

/// <summary>A phone: watches its user's notifications, loses the stream now and then, and goes on after the last id that it has.</summary>
public sealed class ToldReader
{
    private readonly FeedService.FeedServiceClient _feed;
    private readonly Random _random;
    private readonly List<Notification> _seen = [];

    public ToldReader(FeedSystem system, long user)
    {
        User = user;
        _random = new Random((int)(user >> 10));
        _feed = new(system.Mesh.As(string.Create(CultureInfo.InvariantCulture, $"user:{user}")));
    }

    public long User { get; }

    public int Streams { get; private set; }

    public IReadOnlyList<Notification> Seen
    {
        get
        {
            lock (_seen)
            {
                return [.. _seen];
            }
        }
    }

    /// <summary>Until cancelled.</summary>
    /// <param name="saw">Called for each that comes.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Action saw, CancellationToken cancellation)
    {
        var last = 0L;
        while (!cancellation.IsCancellationRequested)
        {
            Streams++;
            var most = _random.Next(1, 30);
            try
            {
                using var stream = _feed.WatchNotifications(new WatchNotificationsRequest { AfterId = last }, cancellationToken: cancellation);
                for (var n = 0; n < most && await stream.ResponseStream.MoveNext(cancellation); n++)
                {
                    var notification = stream.ResponseStream.Current.Notification;
                    last = notification.Id;
                    lock (_seen)
                    {
                        _seen.Add(notification);
                    }

                    saw();
                }
            }
            catch (Exception e) when (e is OperationCanceledException or RpcException
                {
                    StatusCode: StatusCode.Cancelled or StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted,
                })
            {
                // Watched again after the last id, or cancelled.
            }
        }
    }

    /// <summary>All pages of the list, newest first.</summary>
    public async Task<List<Notification>> ListAsync(int pageSize, CancellationToken cancellation)
    {
        List<Notification> all = [];
        var token = "";
        do
        {
            var request = new ListNotificationsRequest { PageSize = pageSize, PageToken = token };
            var page = await _feed.ListNotificationsAsync(request, cancellationToken: cancellation);
            all.AddRange(page.Notifications);
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        return all;
    }
}

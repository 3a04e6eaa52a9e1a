using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Services.Feed;

/// <summary>The contract <c>insta.feed.v1.FeedService</c>: nothing of it is there yet, so every method is UNIMPLEMENTED.</summary>
internal sealed class FeedGrpcService : FeedService.FeedServiceBase;

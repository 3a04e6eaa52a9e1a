using InstaGrpc.Services.Feed;

namespace InstaGrpc.Feed.Tests;

public class FeedOptionsTests
{
    [Fact]
    public void EveryOptionOutOfItsRangeIsNamedAtOnce()
    {
        Assert.True(new FeedOptionsValidation().Validate(null, new FeedOptions()).Succeeded);
        var result = new FeedOptionsValidation().Validate(null, new FeedOptions
        {
            MostFollowees = 0, LongestDisplayName = 0, ClaimLifetime = -TimeSpan.FromTicks(1), BuildWait = -TimeSpan.FromTicks(1),
            ActivityInterval = TimeSpan.Zero, ActivityWaiting = -1, SweepInterval = TimeSpan.FromDays(31),
            TombstoneLifetime = TimeSpan.MaxValue, MostWatchers = -1, NotificationPoll = -TimeSpan.FromSeconds(1),
        });

        // The region is the whole process's, and any word.
        foreach (var option in typeof(FeedOptions).GetProperties().Where(static option => option.Name != nameof(FeedOptions.Region)))
        {
            Assert.Single(result.Failures!, fault => fault.StartsWith($"Insta:Feed:{option.Name} ", StringComparison.Ordinal));
        }
    }
}

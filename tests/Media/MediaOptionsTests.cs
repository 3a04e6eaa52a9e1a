using InstaGrpc.Services.Media;

namespace InstaGrpc.Media.Tests;

public class MediaOptionsTests
{
    [Fact]
    public void EveryOptionOutOfItsRangeIsNamedAtOnce()
    {
        Assert.True(new MediaOptionsValidation().Validate(null, new MediaOptions()).Succeeded);
        var result = new MediaOptionsValidation().Validate(null, new MediaOptions
        {
            LongestCaption = -1, LongestComment = 0, MostPhotos = -1, NewestListed = 0, LikesOfBatch = 0, ViralTtlFactor = 0,
            ViralPoll = -TimeSpan.FromSeconds(1), SweepInterval = TimeSpan.Zero, TombstoneLifetime = TimeSpan.MaxValue,
        });
        foreach (var option in typeof(MediaOptions).GetProperties())
        {
            Assert.Single(result.Failures!, fault => fault.StartsWith($"Insta:Media:{option.Name} ", StringComparison.Ordinal));
        }
    }
}

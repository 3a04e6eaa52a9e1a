namespace InstaGrpc.Services.Projector.Tests;

public class ProjectorOptionsTests
{
    [Fact]
    public void EveryOptionOutOfItsRangeIsNamedAtOnce()
    {
        Assert.True(new ProjectorOptionsValidation().Validate(null, new ProjectorOptions()).Succeeded);
        var result = new ProjectorOptionsValidation().Validate(null, new ProjectorOptions
        {
            IdleStoreInterval = -TimeSpan.FromTicks(1), RebuildShards = 8193, RebuildEdges = 0, JobRetention = TimeSpan.MaxValue,
            RebuildNotifications = -TimeSpan.FromTicks(1), NotificationRetention = -TimeSpan.FromTicks(1), SweepInterval = TimeSpan.Zero, ViralLikes = 0,
            ViralCalmAfter = -TimeSpan.FromTicks(1), FanoutPoll = TimeSpan.FromDays(31),
        });

        // Names of nodes are looked at where they are read.
        foreach (var option in typeof(ProjectorOptions).GetProperties().Where(static option => option.Name != nameof(ProjectorOptions.Nodes)))
        {
            Assert.Single(result.Failures!, fault => fault.StartsWith($"Insta:Projector:{option.Name} ", StringComparison.Ordinal));
        }
    }
}

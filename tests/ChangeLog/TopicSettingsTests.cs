using InstaGrpc.ChangeLog.Internal;

namespace InstaGrpc.ChangeLog.Tests;

public sealed class TopicSettingsTests
{
    [Theory]
    [InlineData(-1, null)]
    [InlineData(1, null)]
    [InlineData(3, "2")]
    [InlineData(5, "2")]
    public void WhatIsAcknowledgedOutlivesABrokerWhereOneMayBeAway(short replicas, string? inSync)
    {
        var settings = TopicAdministration.Settings(new ChangeLogOptions { BootstrapServers = "kafka:9092", ReplicationFactor = replicas });

        Assert.Equal(inSync, settings.GetValueOrDefault("min.insync.replicas"));
        Assert.Equal("delete", settings["cleanup.policy"]);
    }
}

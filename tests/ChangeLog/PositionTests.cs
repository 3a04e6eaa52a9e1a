using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog.Tests;

public sealed class PositionTests
{
    [Theory]
    [InlineData("16/B374D848", 0x16_B374D848UL)]
    [InlineData("0/0", 0UL)]
    [InlineData("FFFFFFFF/FFFFFFFF", ulong.MaxValue)]
    public void AnLsnIsWrittenAsPostgreSqlWritesIt(string text, ulong value)
    {
        Assert.Equal(new Lsn(value), Lsn.Parse(text));
        Assert.Equal(text, new Lsn(value).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("16")]
    [InlineData("16/")]
    [InlineData("/16")]
    [InlineData("1/2/3")]
    [InlineData("G/1")]
    [InlineData("1/123456789")]
    [InlineData(" 1/1")]
    public void WhatIsNoLsnIsRefused(string text) => Assert.False(Lsn.TryParse(text, out _));

    [Fact]
    public void PositionsOrderByTimelineThenLsnThenIndex()
    {
        ReplayPosition[] ordered =
        [
            ReplayPosition.Origin,
            new(new Timeline(1), new Lsn(5), 0),
            new(new Timeline(1), new Lsn(5), 1),
            ReplayPosition.EndOf(new Timeline(1), new Lsn(5)),
            new(new Timeline(1), new Lsn(6), 0),
            new(new Timeline(2), new Lsn(1), 0),
        ];

        Assert.Equal(ordered, ordered.Reverse().Order());
        Assert.All(ordered, position => Assert.Equal(position, ReplayPosition.Parse(position.ToString())));
        Assert.All(ordered, position => Assert.Equal(position, ReplayPosition.FromMessage(position.ToMessage())));
    }

    [Fact]
    public void ATokenIsReachedByItsWholeTransactionAndByALaterTimeline()
    {
        var token = new TokenPosition(new Timeline(2), new Lsn(50));

        Assert.True(ReplayPosition.EndOf(new Timeline(2), new Lsn(50)).Reaches(token));
        Assert.True(new ReplayPosition(new Timeline(2), new Lsn(51), 0).Reaches(token));
        Assert.True(new ReplayPosition(new Timeline(3), new Lsn(1), 0).Reaches(token));
        Assert.False(new ReplayPosition(new Timeline(2), new Lsn(50), 3).Reaches(token));
        Assert.False(ReplayPosition.EndOf(new Timeline(1), new Lsn(99)).Reaches(token));
    }

    [Fact]
    public void ATokenKeepsTheNewestPositionOfEachNode()
    {
        var token = ReadToken.Parse("n2=1/0/20, n1=1/0/10,n1=1/0/30,n1=1/0/5");

        Assert.Equal("n1=1/0/30,n2=1/0/20", token.ToString());
        Assert.Equal(token, ReadToken.Parse(token.ToString()));
        Assert.Equal("n1=2/0/1,n2=1/0/20", token.With(ReadToken.Parse("n1=2/0/1,n2=1/0/3")).ToString());
        Assert.True(token.TryGet(new NodeName("n1"), out var position));
        Assert.Equal(new TokenPosition(new Timeline(1), new Lsn(0x30)), position);
        Assert.False(token.TryGet(new NodeName("n3"), out _));
    }

    [Theory]
    [InlineData("n1")]
    [InlineData("n1=")]
    [InlineData("n1=1")]
    [InlineData("n1=1/2")]
    [InlineData("N1=1/0/1")]
    [InlineData("n1=-1/0/1")]
    [InlineData("n1=1/0/1,")]
    [InlineData("=1/0/1")]
    public void WhatIsNoTokenIsRefused(string text) => Assert.False(ReadToken.TryParse(text, out _));

    [Theory]
    [InlineData("")]
    [InlineData("N1")]
    [InlineData("n_1")]
    [InlineData("n.1")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456")]
    public void WhatIsNoNodeNameIsRefused(string text)
    {
        Assert.False(NodeName.TryParse(text, out _));
        Assert.Throws<FormatException>(() => new NodeName(text));
    }

    [Fact]
    public void ATimelineIsReadFromAWalFileName() => Assert.Equal(new Timeline(0x1A), Timeline.FromWalFileName("0000001A0000000000000003"));
}

using System.Text;
using InstaGrpc.Memcached.Internal;

namespace InstaGrpc.Memcached.Tests;

public sealed class ReplyParserTests
{
    [Theory]
    [InlineData("HD", MetaStatus.Hit)]
    [InlineData("EN", MetaStatus.Miss)]
    [InlineData("NF", MetaStatus.NotFound)]
    [InlineData("NS", MetaStatus.NotStored)]
    [InlineData("EX", MetaStatus.Exists)]
    [InlineData("VA 12", MetaStatus.Hit)]
    [InlineData("ERROR", MetaStatus.ClientError)]
    [InlineData("CLIENT_ERROR bad data chunk", MetaStatus.ClientError)]
    [InlineData("SERVER_ERROR out of memory", MetaStatus.ServerError)]
    public void EveryFormHasItsStatus(string line, MetaStatus status)
    {
        ReplyParser.Parse(Encoding.ASCII.GetBytes(line), out var head);
        Assert.Equal(status, head.Status);
        Assert.Equal(line.StartsWith("VA", StringComparison.Ordinal) ? 12 : ReplyHead.NoValue, head.ValueLength);
        Assert.Equal(line.EndsWith("ERROR", StringComparison.Ordinal) || line.Contains("ERROR ") ? line : null, head.KeyOrError);
    }

    [Fact]
    public void FlagsComeInAnyOrder()
    {
        ReplyParser.Parse("VA 3 X  O71 Z s3 c18446744073709551615 t-1 f4294967295 kkey=exp l7 h1 W"u8, out var head);
        Assert.Equal(3, head.ValueLength);
        Assert.Equal(71, head.Opaque);
        Assert.Equal(ulong.MaxValue, head.Cas);
        Assert.Equal(-1, head.Ttl);
        Assert.Equal(3, head.Size);
        Assert.Equal(uint.MaxValue, head.ClientFlags);
        Assert.Equal(7, head.LastAccess);
        Assert.Equal("key=exp"u8.ToArray(), head.KeyOrError);
        Assert.Equal(ReplyMarks.Won | ReplyMarks.AlreadyWon | ReplyMarks.Stale | ReplyMarks.HitBefore, head.Marks);
    }
}

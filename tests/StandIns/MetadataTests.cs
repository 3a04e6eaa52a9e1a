using Grpc.Core;

namespace InstaGrpc.StandIns.Tests;

public class MetadataTests
{
    [Theory]
    [InlineData("with space")]
    [InlineData("with:colon")]
    [InlineData("größe")]
    [InlineData("\u212Aelvin")]
    [InlineData("new\nline")]
    public void AKeyHoldsOnlyLettersDigitsUnderscoreHyphenAndDot(string key)
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "value"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry(key + "-bin", [1]));
    }

    [Fact]
    public void AKeyIsKeptInLowerCase() => Assert.Equal("x-request_id.2", new Metadata.Entry("X-Request_Id.2", "v").Key);

    [Fact]
    public void OnlyBinaryKeysTakeBytesAndOnlyTheyDo()
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("token", [1, 2]));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("token-bin", "text"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("TOKEN-BIN", "text"));
        Assert.True(new Metadata.Entry("TOKEN-BIN", [1, 2]).IsBinary);
        Assert.False(new Metadata.Entry("token", "text").IsBinary);
    }

    [Fact]
    public void NullsAreRefused()
    {
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry(null!, "v"));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("k", (string)null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("k-bin", (byte[])null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata().Add(null!));
    }

    [Fact]
    public void ABinaryEntryCannotBeChangedFromOutside()
    {
        byte[] given = [1, 2, 3];
        var entry = new Metadata.Entry("k-bin", given);

        given[0] = 9;
        entry.ValueBytes[1] = 9;

        Assert.Equal([1, 2, 3], entry.ValueBytes);
    }

    [Fact]
    public void ABinaryEntryHasNoTextAndATextEntryHasItsAsciiBytes()
    {
        Assert.Throws<InvalidOperationException>(() => new Metadata.Entry("k-bin", [1]).Value);
        Assert.Equal("abc"u8.ToArray(), new Metadata.Entry("k", "abc").ValueBytes);
    }

    [Fact]
    public void TheLastOfSeveralEntriesIsFoundInAnyCaseAndAllAreKept()
    {
        var metadata = new Metadata { { "k", "1" }, { "other", "x" }, { "K", "2" } };

        Assert.Equal("2", metadata.GetValue("K"));
        Assert.Equal(["1", "2"], metadata.GetAll("k").Select(entry => entry.Value));
        Assert.Null(metadata.Get("absent"));
        Assert.Null(metadata.GetValue("absent"));
        Assert.Null(metadata.GetValueBytes("absent"));
        Assert.Equal("2"u8.ToArray(), metadata.GetValueBytes("k"));
    }

    [Fact]
    public void ItIsAListOfItsEntries()
    {
        var first = new Metadata.Entry("a", "1");
        var second = new Metadata.Entry("b", "2");
        var metadata = new Metadata { second };

        metadata.Insert(0, first);
        Assert.Equal([first, second], metadata);
        Assert.Equal(1, metadata.IndexOf(second));
        Assert.Contains(first, metadata);

        metadata[0] = second;
        Assert.True(metadata.Remove(second));
        metadata.RemoveAt(0);
        Assert.Empty(metadata);
        Assert.False(metadata.IsReadOnly);
    }

    [Fact]
    public void TheEmptyOneStaysEmpty()
    {
        Assert.True(Metadata.Empty.IsReadOnly);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("k", "v"));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Clear());
        Assert.Empty(Metadata.Empty);
    }
}

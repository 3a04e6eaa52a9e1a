namespace InstaGrpc.Contracts.Tests;

public sealed class PageTokenTests
{
    [Fact]
    public void ATokenComesBackAsItWas()
    {
        var text = new PageToken(42, -7).Encode("comments");

        Assert.True(PageToken.TryDecode(text, "comments", 42, out var token));
        Assert.Equal(new PageToken(42, -7), token);
    }

    [Fact]
    public void ATokenOfAnotherListOrOwnerIsRefused()
    {
        var text = new PageToken(42, 7).Encode("comments");

        Assert.False(PageToken.TryDecode(text, "media", 42, out _));
        Assert.False(PageToken.TryDecode(text, "comments", 43, out _));
    }

    [Fact]
    public void EveryChangeOfOneCharacterIsRefused()
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+ é";
        var text = new PageToken(42, 7).Encode("comments");
        for (var i = 0; i < text.Length; i++)
        {
            foreach (var c in Alphabet.Where(c => c != text[i]))
            {
                Assert.False(PageToken.TryDecode(text[..i] + c + text[(i + 1)..], "comments", 42, out _), $"{c} at {i}");
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void AMadeUpTokenIsRefused(string text) => Assert.False(PageToken.TryDecode(text, "comments", 42, out _));
}

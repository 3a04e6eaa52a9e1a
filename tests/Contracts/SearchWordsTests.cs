namespace InstaGrpc.Contracts.Tests;

public class SearchWordsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("Sun, sun & SUNSET!", "sun sunset")]
    [InlineData("#Été @ann.b 100%", "été ann b 100")]
    [InlineData("Grüße aus Köln", "grüße aus köln")]
    [InlineData("東京 タワー", "東京 タワー")]
    public void WordsAreRunsOfLettersAndDigitsInLowerCase(string text, string words) =>
        Assert.Equal(words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), SearchWords.Of(text).Order());

    [Fact]
    public void WhatIsTypedMeetsTheBeginningOfTheWordAlsoWhereTheWordIsCut()
    {
        var text = new string('a', 70);
        Assert.Equal([new string('a', 64)], SearchWords.Of(text));
        Assert.Equal(new string('a', 64), SearchWords.Prefix(text));
        Assert.Equal("sun", SearchWords.Prefix(" #SUN "));
        Assert.Null(SearchWords.Prefix("two words"));
        Assert.Null(SearchWords.Prefix(" "));
    }

    [Fact]
    public void ATokenIsOfItsSearchAlone()
    {
        var token = new SearchPageToken("sunset", 42).Encode("method", "sun");
        Assert.True(SearchPageToken.TryDecode(token, "method", "sun", out var read));
        Assert.Equal(("sunset", 42L), (read.Term, read.LastId));
        Assert.False(SearchPageToken.TryDecode(token, "method", "su", out _));
        Assert.False(SearchPageToken.TryDecode(token, "other", "sun", out _));
        Assert.False(SearchPageToken.TryDecode(token[..^1], "method", "sun", out _));
        Assert.False(SearchPageToken.TryDecode(new PageToken(1, 2).Encode("method"), "method", "sun", out _));
        Assert.False(SearchPageToken.TryDecode(new string('!', 600), "method", "sun", out _));
    }
}

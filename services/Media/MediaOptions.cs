namespace InstaGrpc.Services.Media;

/// <summary>Settings of the role <c>media</c>, from <c>Insta:Media</c>.</summary>
public sealed class MediaOptions
{
    /// <summary>Characters of a caption. 2,200 by default.</summary>
    public int LongestCaption { get; set; } = 2200;

    /// <summary>Characters of a comment. 2,200 by default.</summary>
    public int LongestComment { get; set; } = 2200;

    /// <summary>Photos of a post. 10 by default.</summary>
    public int MostPhotos { get; set; } = 10;
}

namespace InstaGrpc.Photos;

/// <summary>A size in which photos are served. There are no others: who asks for another one gets 404, so nobody can fill the store with sizes.</summary>
/// <param name="Name">The last part of the URL.</param>
/// <param name="Width">Pixels; a narrower photo keeps its own width. 0: the bytes as they were stored.</param>
/// <param name="IsSquare">Cut out of the middle.</param>
/// <param name="MaxAge">How long browsers and edges may keep it.</param>
public sealed record PhotoVariant(string Name, int Width, bool IsSquare, TimeSpan MaxAge)
{
    /// <summary>150 pixels square.</summary>
    public static PhotoVariant Thumb { get; } = new("thumb", 150, true, TimeSpan.FromDays(30));

    /// <summary>320 pixels wide.</summary>
    public static PhotoVariant Small { get; } = new("small", 320, false, TimeSpan.FromDays(7));

    /// <summary>640 pixels wide.</summary>
    public static PhotoVariant Medium { get; } = new("medium", 640, false, TimeSpan.FromDays(7));

    /// <summary>1,080 pixels wide.</summary>
    public static PhotoVariant Large { get; } = new("large", 1080, false, TimeSpan.FromDays(7));

    /// <summary>180 pixels square, of a user and not of a post.</summary>
    public static PhotoVariant Avatar { get; } = new("avatar", 180, true, TimeSpan.FromHours(24));

    /// <summary>What was stored, in its own format, by ranges if asked for.</summary>
    public static PhotoVariant Original { get; } = new("original", 0, false, TimeSpan.FromDays(7));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PhotoVariant> All { get; } = [Thumb, Small, Medium, Large, Avatar, Original];

    /// <summary>Whether the bytes are served as they were stored.</summary>
    public bool IsOriginal => Width == 0;

    /// <summary>Null: there is none of this name.</summary>
    public static PhotoVariant? Find(string name) => All.FirstOrDefault(variant => variant.Name == name);
}

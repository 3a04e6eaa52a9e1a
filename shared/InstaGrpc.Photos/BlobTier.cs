namespace InstaGrpc.Photos;

/// <summary>How a blob is kept, by its age. The numbers are stored.</summary>
public enum BlobTier
{
    /// <summary>What was posted of late: quick.</summary>
    Hot = 0,

    /// <summary>From <see cref="PhotoOptions.WarmAfter"/> on.</summary>
    Warm = 1,

    /// <summary>From <see cref="PhotoOptions.ColdAfter"/> on: cheap.</summary>
    Cold = 2,
}

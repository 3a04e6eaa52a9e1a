namespace InstaGrpc.Photos;

/// <summary>What is known of a photo once it was decoded.</summary>
/// <param name="Format">By its bytes.</param>
/// <param name="Width">In pixels, as it is looked at: orientation is applied.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Length">Bytes that are kept: what phones put behind a photo, but further images, is not.</param>
/// <param name="Patches">Bytes to be put in place of what tells where it was taken, at most 1 MiB; empty for most.</param>
public sealed record PhotoFacts(PhotoFormat Format, int Width, int Height, int Length, IReadOnlyList<PhotoPatch> Patches);

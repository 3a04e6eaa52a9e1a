namespace InstaGrpc.Photos.Internal;

/// <summary>The first part of an object's name.</summary>
internal static class BlobNames
{
    public static string Of(BlobTier tier) => tier switch { BlobTier.Warm => "warm", BlobTier.Cold => "cold", _ => "hot" };
}

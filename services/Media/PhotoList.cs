using System.Text.Json;
using System.Text.Json.Serialization;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Services.Media;

/// <summary>The column <c>media.photos</c>: <c>[{"blob_id": "…", "width": 0, "height": 0}]</c>.</summary>
internal static partial class PhotoList
{
    public static string Write(IEnumerable<Photo> photos) =>
        JsonSerializer.Serialize([.. photos.Select(static photo => new Entry(photo.BlobId, photo.Width, photo.Height))], Json.Default.EntryArray);

    public static void Read(string json, ICollection<Photo> photos)
    {
        if (json == "[]")
        {
            return;
        }

        foreach (var entry in JsonSerializer.Deserialize(json, Json.Default.EntryArray) ?? [])
        {
            photos.Add(new Photo { BlobId = entry.BlobId, Width = entry.Width, Height = entry.Height });
        }
    }

    internal sealed record Entry(
        [property: JsonPropertyName("blob_id")] string BlobId,
        [property: JsonPropertyName("width")] uint Width,
        [property: JsonPropertyName("height")] uint Height);

    [JsonSerializable(typeof(Entry[]))]
    private sealed partial class Json : JsonSerializerContext;
}

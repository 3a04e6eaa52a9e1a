namespace InstaGrpc.Services.Projector.Internal.Viral;

/// <summary>Statements over the posts that are viral, on their own node. A test explains each.</summary>
internal static class ViralSql
{
    // As many as there are: a handful.
    public const string Read = "SELECT ARRAY (SELECT media_id FROM viral_media ORDER BY media_id LIMIT 10000)";

    // $1 posts.
    public const string Add = "INSERT INTO viral_media (media_id) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING";

    public const string Remove = "DELETE FROM viral_media WHERE media_id = ANY ($1::bigint[])";
}

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>What a row of <c>search_terms</c> finds; its column <c>kind</c>.</summary>
internal enum SearchKind : short
{
    User = 1,
    Post = 2,
}

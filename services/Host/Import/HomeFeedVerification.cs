using System.Globalization;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Host.Client;

namespace InstaGrpc.Host.Import;

/// <summary>Compares home feeds, page by page as a phone asks for them and down to their ends, with what SQL says: the posts of the reader and of
/// those whom he follows, newest first, without those of users of whom one has blocked the other.</summary>
internal sealed class HomeFeedVerification(MeshConnection mesh, GraphTruth truth)
{
    private const int PageSize = 30;

    private long _pages;

    /// <summary>Pages that were read.</summary>
    public long Pages => Interlocked.Read(ref _pages);

    /// <returns>How the feed differs; null: not at all.</returns>
    public async Task<string?> CompareAsync(int person, CancellationToken ct)
    {
        if (!truth.Names.TryGetValue(GraphImport.NameOf(person), out var reader))
        {
            return null; // said already
        }

        var expected = truth.HomeFeedOf(reader);
        var at = 0;
        var token = "";
        do
        {
            // As a service, so that nobody is taken for active because he was compared.
            var page = await mesh.Feed.HomeFeedAsync(
                new HomeFeedRequest { UserId = reader, PageSize = PageSize, PageToken = token }, MeshConnection.AsService("verify", ct));
            Interlocked.Increment(ref _pages);
            var rows = expected.Skip(at).Take(PageSize).ToList();
            if (!rows.SequenceEqual(page.Items.Select(static item => (item.Media.Id, item.Media.Caption))))
            {
                return Differs(person, at, rows, [.. page.Items.Select(static item => item.Media)]);
            }

            at += rows.Count;
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        return at == expected.Count ? null : string.Create(
            CultureInfo.InvariantCulture, $"person {person}: the home feed ends after {at} posts, SQL has {expected.Count}");
    }

    private static string Differs(int person, int at, List<(long Id, string Caption)> rows, List<Media> page)
    {
        var missing = rows.Select(static row => row.Id).Except(page.Select(static media => media.Id)).ToList();
        var extra = page.Select(static media => media.Id).Except(rows.Select(static row => row.Id)).ToList();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"person {person}: the home feed's page from post {at + 1} on has {page.Count} posts, SQL {rows.Count}; missing {Some(missing)}, too much {Some(extra)}");
    }

    private static string Some(List<long> ids) => ids.Count switch
    {
        0 => "none",
        <= 3 => string.Join(' ', ids),
        _ => $"{string.Join(' ', ids.Take(3))} and {ids.Count - 3} more",
    };
}

using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh;

/// <summary>
/// One page of a search by prefix, checked. Results are ordered by word, then by id descending, on every node alike, so that a page is the
/// smallest of what the nodes give.
/// </summary>
public readonly record struct SearchPage
{
    private SearchPage(string method, string prefix, int size, string from, long after) =>
        (Method, Prefix, Size, From, AfterId) = (method, prefix, size, from, after);

    /// <summary>The method's full name.</summary>
    public string Method { get; }

    /// <summary>What is searched for, as words are stored.</summary>
    public string Prefix { get; }

    /// <summary>How many results, 1 to 100.</summary>
    public int Size { get; }

    /// <summary>The word to go on from.</summary>
    public string From { get; }

    /// <summary>Results of the word <see cref="From"/> have a smaller id than this.</summary>
    public long AfterId { get; }

    /// <summary>Words with the prefix come before this one: after the prefix stands the last code point there is.</summary>
    public string Until => Prefix + char.ConvertFromUtf32(0x10FFFF);

    /// <summary>Checks what the caller asked for.</summary>
    /// <param name="method">The method's full name.</param>
    /// <param name="prefix">As words are stored; null: what was typed is no prefix of one.</param>
    /// <param name="expected">What the prefix must be, for the error.</param>
    /// <param name="pageSize">0 means 30; at most 100.</param>
    /// <param name="pageToken">Empty for the first page; else what the page before gave.</param>
    /// <exception cref="InvalidFieldException">The prefix is none, the size is out of range, or the token is not one of this
    /// search.</exception>
    public static SearchPage Read(string method, string? prefix, string expected, int pageSize, string pageToken)
    {
        if (prefix is null)
        {
            throw new InvalidFieldException("prefix", expected);
        }

        if (pageSize is < 0 or > Page.LargestSize)
        {
            throw new InvalidFieldException("page_size", $"must be 0 to {Page.LargestSize}; 0 means {Page.DefaultSize}");
        }

        var (from, after) = (prefix, long.MaxValue);
        if (pageToken.Length > 0)
        {
            if (!SearchPageToken.TryDecode(pageToken, method, prefix, out var token))
            {
                throw new InvalidFieldException("page_token", "is not a token that this search gave");
            }

            (from, after) = (token.Term, token.LastId);
        }

        return new SearchPage(method, prefix, pageSize == 0 ? Page.DefaultSize : pageSize, from, after);
    }

    /// <summary>The first results of all nodes together.</summary>
    /// <param name="found">Of each node, in order, one more than the page's size if there are more.</param>
    /// <param name="idOf">A result's id.</param>
    /// <param name="next">The token of the page after this one; empty: this is the last.</param>
    public IReadOnlyList<T> Merge<T>(IEnumerable<(string Term, T Result)> found, Func<T, long> idOf, out string next)
    {
        // Code points in their order, as PostgreSQL's collation "C" has them; .NET's ordinal order is that of UTF-16.
        List<(string Term, T Result)> page =
            [.. found.OrderBy(one => one.Term, CodePoints.Order).ThenByDescending(one => idOf(one.Result)).Take(Size + 1)];
        next = "";
        if (page.Count > Size)
        {
            page.RemoveAt(Size);
            next = new SearchPageToken(page[^1].Term, idOf(page[^1].Result)).Encode(Method, Prefix);
        }

        return [.. page.Select(one => one.Result)];
    }

    private static class CodePoints
    {
        public static IComparer<string> Order { get; } = Comparer<string>.Create(static (one, other) =>
            System.Text.Encoding.UTF8.GetBytes(one).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(other)));
    }
}

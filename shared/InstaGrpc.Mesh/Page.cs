using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh;

/// <summary>One page of a list as a caller asked for it, checked.</summary>
public readonly record struct Page
{
    /// <summary>The size of a page when the caller names none.</summary>
    public const int DefaultSize = 30;

    /// <summary>The largest page.</summary>
    public const int LargestSize = 100;

    private Page(string list, long owner, int size, long? after) => (List, Owner, Size, After) = (list, owner, size, after);

    /// <summary>The list's name.</summary>
    public string List { get; }

    /// <summary>The id that the list belongs to.</summary>
    public long Owner { get; }

    /// <summary>How many entries, 1 to 100.</summary>
    public int Size { get; }

    /// <summary>The last id of the page before; null: the first page.</summary>
    public long? After { get; }

    /// <summary>Checks what the caller asked for.</summary>
    /// <param name="list">The list's name, for instance the method's full name.</param>
    /// <param name="owner">The id that the list belongs to.</param>
    /// <param name="pageSize">0 means 30; at most 100.</param>
    /// <param name="pageToken">Empty for the first page; else what the page before gave.</param>
    /// <exception cref="InvalidFieldException">The size is out of range, or the token is not one of this list.</exception>
    public static Page Read(string list, long owner, int pageSize, string pageToken)
    {
        if (pageSize is < 0 or > LargestSize)
        {
            throw new InvalidFieldException("page_size", $"must be 0 to {LargestSize}; 0 means {DefaultSize}");
        }

        long? after = null;
        if (pageToken.Length > 0)
        {
            if (!PageToken.TryDecode(pageToken, list, owner, out var token))
            {
                throw new InvalidFieldException("page_token", "is not a token that this list gave");
            }

            after = token.LastId;
        }

        return new Page(list, owner, pageSize == 0 ? DefaultSize : pageSize, after);
    }

    /// <summary>The token for the page after one that ended with this id.</summary>
    public string Next(long lastId) => new PageToken(Owner, lastId).Encode(List);
}

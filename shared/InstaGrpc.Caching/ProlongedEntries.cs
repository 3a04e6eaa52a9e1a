using System.Collections.Frozen;

namespace InstaGrpc.Caching;

/// <summary>Ids that are read so much for the time being that answers about them are kept longer: entries in memcached, and copies in the process where
/// the contract has some. A method's entries are about the id in its shard key; methods without one are left alone.</summary>
/// <remarks>It says how long an answer is kept and nothing of how old it may be: entries and copies end with their changes as before. That is why a method
/// whose contract has no copies gets none here either: a copy's drop arrives a moment after <c>lo</c> has passed the change, so only a contract can say
/// that its readers bear that.</remarks>
public sealed class ProlongedEntries
{
    /// <summary>No id.</summary>
    public static ProlongedEntries None { get; } = new([], 1);

    private readonly FrozenSet<long> _ids;
    private readonly int _factor;

    /// <param name="ids">Shard keys of what is read so much.</param>
    /// <param name="factor">How many times as long; at least 1.</param>
    public ProlongedEntries(IEnumerable<long> ids, int factor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        (_ids, _factor) = (ids.ToFrozenSet(), factor);
    }

    /// <summary>Number of ids.</summary>
    public int Count => _ids.Count;

    /// <summary>Whether answers about an id are kept longer.</summary>
    public bool Contains(long id) => _ids.Contains(id);

    /// <summary>How an entry about this id is kept.</summary>
    internal CacheSettings Of(long? id, CacheSettings settings) => id is { } about && _ids.Contains(about) ? settings.Prolonged(_factor) : settings;
}

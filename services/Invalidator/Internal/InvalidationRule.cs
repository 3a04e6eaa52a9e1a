using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Memcached;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>What a change of one table does to one contract's keys.</summary>
/// <param name="Keys">Makes the key of a row's bound columns.</param>
/// <param name="Columns">The bound columns, in the order of the key's fields.</param>
/// <param name="Delete">Deletes where nothing stale may be served, and a list's version; marks otherwise.</param>
/// <param name="IsPublished">The contract is published here, so every row carries its columns; one that does not leaves entries behind that nobody can
/// name. Of a contract that is not, rows of a table that others publish may lack columns: nobody caches under it.</param>
internal sealed record InvalidationRule(ContractKeys Keys, string[] Columns, MetaDelete Delete, bool IsPublished)
{
    public static InvalidationRule Of(ContractKeys keys, AnnouncedDependency dependency, bool isPublished)
    {
        var contract = keys.Contract;
        var delete = contract.List || contract.MaxStaleMs == 0
            ? default
            : MetaDelete.Mark((int)Math.Max((contract.MaxStaleMs + 999) / 1000 + 1, contract.LeaseSeconds));
        return new(keys, [.. dependency.Columns], delete, isPublished);
    }
}

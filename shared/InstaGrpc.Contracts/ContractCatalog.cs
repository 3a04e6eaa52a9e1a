using System.Collections.Frozen;
using Google.Protobuf.Reflection;
using InstaGrpc.Contracts.Internal;

namespace InstaGrpc.Contracts;

/// <summary>
/// The contracts of a set of services, read once from their descriptors: the one place where options become behaviour. Everything in
/// it is immutable.
/// </summary>
public sealed class ContractCatalog
{
    private readonly FrozenDictionary<string, MethodContract> _byName;

    private ContractCatalog(IReadOnlyList<ServiceDescriptor> services, IReadOnlyList<MethodContract> methods)
    {
        Services = services;
        Methods = methods;
        _byName = methods.ToFrozenDictionary(m => m.FullName, StringComparer.Ordinal);
    }

    /// <summary>The services, by name.</summary>
    public IReadOnlyList<ServiceDescriptor> Services { get; }

    /// <summary>Every method, by service and then in the order of its file.</summary>
    public IReadOnlyList<MethodContract> Methods { get; }

    /// <summary>The contract of "package.Service/Method".</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public MethodContract this[string fullName] => TryGet(fullName, out var method)
        ? method
        : throw new KeyNotFoundException($"No contract of this process is called {fullName}.");

    /// <summary>Reads the contracts of these services.</summary>
    /// <exception cref="InvalidContractsException">A contract can't be served; the message lists every fault of all of them.</exception>
    public static ContractCatalog Read(IEnumerable<ServiceDescriptor> services)
    {
        var catalog = Read(services, out var faults);
        return faults.Count == 0 ? catalog : throw new InvalidContractsException(faults);
    }

    /// <summary>Reads the contracts and gives the faults back; methods with a fault are left out of the catalog.</summary>
    /// <param name="services">The services.</param>
    /// <param name="faults">Empty: all are sound.</param>
    /// <param name="deadlineFloor">No deadline is shorter, whatever is declared. A lease stays that of the declared deadline: it is announced
    /// with the contract, so that processes with different leases would not share what is cached.</param>
    public static ContractCatalog Read(
        IEnumerable<ServiceDescriptor> services, out IReadOnlyList<ContractFault> faults, TimeSpan deadlineFloor = default)
    {
        var ordered = services.DistinctBy(s => s.FullName).OrderBy(s => s.FullName, StringComparer.Ordinal).ToArray();
        var found = new List<ContractFault>();
        var methods = new CatalogReader(found, deadlineFloor).Read(ordered);
        faults = found;
        return new ContractCatalog(ordered, methods);
    }

    /// <summary>Finds a method by "package.Service/Method"; a leading slash (as in HTTP/2 paths) is allowed.</summary>
    public bool TryGet(string fullName, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out MethodContract method) =>
        _byName.TryGetValue(fullName is ['/', ..] ? fullName[1..] : fullName, out method);
}

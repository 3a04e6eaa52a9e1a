using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Internal.Server;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal;

/// <summary>The contracts of this process: of what it serves and of what it calls.</summary>
internal sealed class MeshCatalog
{
    public MeshCatalog(IEnumerable<ServedService> served, IEnumerable<CalledService> called, IOptions<MeshOptions> options)
    {
        Services = [.. served.DistinctBy(s => s.ImplementationType)];
        var twice = Services.GroupBy(s => s.Descriptor.FullName).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
        {
            throw new InvalidOperationException(
                $"{twice.Key} is served by {string.Join(" and ", twice.Select(s => s.ImplementationType))}; add one of them.");
        }

        var faults = new List<ContractFault>();
        Served = ContractCatalog.Read(Services.Select(s => s.Descriptor), out var servedFaults, options.Value.DeadlineFloor);
        faults.AddRange(servedFaults);

        // What is only called was checked by whoever serves it; its faults are not ours to report.
        Called = ContractCatalog.Read(called.Select(c => c.Descriptor), out _, options.Value.DeadlineFloor);
        if (faults.Count > 0)
        {
            throw new InvalidContractsException(faults);
        }
    }

    public IReadOnlyList<ServedService> Services { get; }

    public ContractCatalog Served { get; }

    public ContractCatalog Called { get; }

    /// <summary>How to run a unary method's handler; null when the class does not override it.</summary>
    public IUnaryHandler? HandlerOf(MethodContract contract) => ServiceOf(contract).UnaryHandlers.GetValueOrDefault(contract.Name);

    /// <summary>The service that a served method belongs to.</summary>
    public ServedService ServiceOf(MethodContract contract) => Services.First(s => s.Descriptor.FullName == contract.ServiceFullName);
}

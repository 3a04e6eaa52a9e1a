using Google.Protobuf.Reflection;
using InstaGrpc.Contracts.Internal.Validation;

namespace InstaGrpc.Contracts.Internal;

/// <summary>Checks every method with every validator, then resolves those without a fault.</summary>
internal sealed class CatalogReader(List<ContractFault> faults, TimeSpan deadlineFloor)
{
    private static readonly IContractValidator[] s_validators =
    [
        new AllowValidator(),
        new RetryValidator(),
        new RateLimitValidator(),
        new ShardKeyValidator(),
        new CacheableMethodValidator(),
        new CacheKeyValidator(),
        new CacheTimesValidator(),
        new RequestCoverageValidator(),
        new GroupValidator(),
        new DependencyValidator(),
        new BatchValidator(),
    ];

    public IReadOnlyList<MethodContract> Read(IReadOnlyList<ServiceDescriptor> services)
    {
        var methods = new List<MethodContract>();
        foreach (var service in services)
        {
            var sound = new List<ContractDraft>();
            foreach (var method in service.Methods)
            {
                var draft = new ContractDraft(method);
                var before = faults.Count;
                foreach (var validator in s_validators)
                {
                    validator.Validate(draft, faults);
                }

                if (faults.Count == before)
                {
                    sound.Add(draft);
                }
            }

            // Batches last: they hold the contract of their item method.
            var resolved = sound.Where(d => d.Batch is null).ToDictionary(d => d.Method.Name, d => PolicyResolver.Resolve(d, deadlineFloor));
            foreach (var draft in sound.Where(d => d.Batch is not null))
            {
                if (resolved.TryGetValue(draft.Batch!.ItemMethod, out var item))
                {
                    resolved[draft.Method.Name] = PolicyResolver.ResolveBatch(draft, item, deadlineFloor);
                }
            }

            methods.AddRange(service.Methods.Where(m => resolved.ContainsKey(m.Name)).Select(m => resolved[m.Name]));
        }

        return methods;
    }
}

using System.Collections.Frozen;
using InstaGrpc.Contracts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace InstaGrpc.Mesh.Internal;

/// <summary>
/// The policies in force: the contracts', narrowed by configuration, which is read live. A refused override is an error at start; later
/// it is logged, and the contract's own value stays.
/// </summary>
internal sealed partial class EffectivePolicies : IDisposable
{
    private readonly MeshCatalog _catalog;
    private readonly IConfiguration _configuration;
    private readonly ILogger<EffectivePolicies> _logger;
    private readonly IDisposable _watch;
    private FrozenDictionary<MethodContract, EffectivePolicy> _policies;

    /// <exception cref="InvalidOperationException">An override is refused; the message names every one.</exception>
    public EffectivePolicies(MeshCatalog catalog, IConfiguration configuration, ILogger<EffectivePolicies> logger)
    {
        (_catalog, _configuration, _logger) = (catalog, configuration, logger);
        _policies = Read(out var faults);
        if (faults.Count > 0)
        {
            throw new InvalidOperationException($"The configuration's method overrides have faults:\n  {string.Join("\n  ", faults)}");
        }

        _watch = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    /// <summary>Raised after the policies have changed.</summary>
    public event Action? Changed;

    /// <summary>The policy in force of a method that this process serves.</summary>
    public EffectivePolicy Of(MethodContract contract) =>
        Volatile.Read(ref _policies).TryGetValue(contract, out var policy) ? policy : EffectivePolicy.Of(contract.Policy);

    public void Dispose() => _watch.Dispose();

    private void Reload()
    {
        var policies = Read(out var faults);
        Volatile.Write(ref _policies, policies);
        foreach (var fault in faults)
        {
            LogRefused(fault);
        }

        LogInForce(policies.Count(p => p.Value.IsOverridden));
        Changed?.Invoke();
    }

    private FrozenDictionary<MethodContract, EffectivePolicy> Read(out List<string> faults)
    {
        var refused = new List<string>();
        var overrides = _configuration.GetSection(MethodOverrides.Section);

        // Names of methods that other processes serve are no fault: one configuration serves all roles.
        var policies = _catalog.Served.Methods.ToFrozenDictionary(
            contract => contract,
            contract => MethodOverrides.Apply(contract, overrides.GetSection(contract.FullName), refused));
        faults = refused;
        return policies;
    }

    [LoggerMessage(EventIds.OverrideRefused, LogLevel.Error, "An override is refused: {Fault}")]
    private partial void LogRefused(string fault);

    [LoggerMessage(EventIds.OverridesInForce, LogLevel.Information, "The configuration has changed; {Count} methods are overridden")]
    private partial void LogInForce(int count);
}

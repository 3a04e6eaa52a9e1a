using Microsoft.Extensions.Configuration;

namespace InstaGrpc.Mesh.Tests;

/// <summary>A layer of configuration that a test changes while the host runs; it takes effect with the next reload.</summary>
public sealed class SettableConfiguration(Dictionary<string, string?> values) : IConfigurationSource
{
    public string? this[string key]
    {
        set => values[key] = value;
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => new Provider(values);

    private sealed class Provider(Dictionary<string, string?> values) : ConfigurationProvider
    {
        public override void Load() => Data = new Dictionary<string, string?>(values, StringComparer.OrdinalIgnoreCase);
    }
}

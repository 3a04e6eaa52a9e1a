namespace InstaGrpc.Host.Configuration;

/// <summary>Settings given on the command line.</summary>
internal sealed class FlagSource(IEnumerable<KeyValuePair<string, string?>> flags) : ConfigurationProvider, IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public override void Load()
    {
        foreach (var (key, value) in flags) Data[key] = value;
    }
}

using System.Collections;

namespace InstaGrpc.Host.Configuration;

/// <summary>
/// Settings whose value lies in a file, the way container platforms mount secrets: <c>INSTA__KAFKA__CLIENT__sasl.password_FILE=/run/…</c>
/// sets <c>Insta:Kafka:Client:sasl.password</c> to the file's text without its last line end.
/// </summary>
internal sealed class SecretFileSource : ConfigurationProvider, IConfigurationSource
{
    private const string _prefix = "INSTA__";
    private const string _suffix = "_FILE";

    /// <summary>Key -> the file that its value came from.</summary>
    public Dictionary<string, string> Files { get; } = new(StringComparer.OrdinalIgnoreCase);

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public override void Load()
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            const StringComparison anyCase = StringComparison.OrdinalIgnoreCase;
            if (!name.StartsWith(_prefix, anyCase) || !name.EndsWith(_suffix, anyCase)) continue;
            var file = (string)variable.Value!;
            var key = name[..^_suffix.Length].Replace("__", ConfigurationPath.KeyDelimiter);
            try
            {
                Data[key] = File.ReadAllText(file).TrimEnd('\r', '\n');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new UsageException($"the secret file of {name} cannot be read: {e.Message}");
            }
            Files[key] = file;
        }
    }
}

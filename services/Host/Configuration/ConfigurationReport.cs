using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace InstaGrpc.Host.Configuration;

/// <summary>The whole tree as text: each key with its value and where that came from, secrets masked.</summary>
internal static partial class ConfigurationReport
{
    public const string Default = "default";

    private const string _mask = "****";

    public static IEnumerable<(string Key, string Value, string Source)> Lines(IConfigurationRoot configuration)
    {
        // `<name>_FILE` only says where the secret lies; the secret has a line of its own.
        var given = configuration.GetSection("Insta").AsEnumerable()
            .Where(pair => pair.Value is not null && !pair.Key.EndsWith("_FILE", StringComparison.OrdinalIgnoreCase))
            .Select(pair => (pair.Key, Masked(pair.Key, pair.Value!), SourceOf(configuration, pair.Key)));
        return given.Concat(OptionDefaults.Lines(configuration).Select(line => (line.Key, line.Value, Default)))
            .OrderBy(line => line.Key, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>
    /// The value without passwords: all of it when the key names a secret, else the parts of URLs and connection strings that are.
    /// </summary>
    public static string Masked(string key, string value)
    {
        if (value.Length == 0) return value;
        if (SecretKey().IsMatch(key[(key.LastIndexOf(':') + 1)..])) return _mask;
        return PasswordPart().Replace(UserInfo().Replace(value, $"$1{_mask}@"), $"$1{_mask}");
    }

    private static string SourceOf(IConfigurationRoot configuration, string key)
    {
        var provider = configuration.Providers.Last(p => p.TryGet(key, out _));
        return provider switch
        {
            JsonConfigurationProvider json => Path.GetFileName(json.Source.Path!),
            EnvironmentVariablesConfigurationProvider => "variable " + key.Replace(":", "__").ToUpperInvariant(),
            SecretFileSource secrets => "file " + secrets.Files[key],
            FlagSource => "flag",
            _ => provider.GetType().Name,
        };
    }

    [GeneratedRegex("password|secret|token|passphrase|privatekey|ssl\\.key|signingkey|encryptionkey|accesskey|jaas", RegexOptions.IgnoreCase)]
    private static partial Regex SecretKey();

    [GeneratedRegex("(://[^:/@\\s]*:)[^@\\s]+@")]
    private static partial Regex UserInfo();

    [GeneratedRegex("((?:password|pwd|passfile)\\s*=\\s*)(?:\"[^\"]*\"|'[^']*'|[^;\\s&]*)", RegexOptions.IgnoreCase)]
    private static partial Regex PasswordPart();
}

using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Postgres;

/// <summary>Names every fault of the section <c>Insta:Postgres</c> at once.</summary>
public sealed class PostgresOptionsValidation : IValidateOptions<PostgresOptions>
{
    public ValidateOptionsResult Validate(string? name, PostgresOptions options)
    {
        List<string> faults = [];
        CheckAddress("Insta:Postgres:Directory", options.Directory, faults);
        if (options.Nodes.Count == 0)
        {
            faults.Add("Insta:Postgres:Nodes names no node: set Insta:Postgres:Nodes:<name>:Primary for at least one.");
        }

        foreach (var (node, settings) in options.Nodes)
        {
            var path = $"Insta:Postgres:Nodes:{node}";
            if (!NodeName.TryParse(node, out var parsed) || parsed == NodePool.DirectoryNode)
            {
                faults.Add($"{path}: a node is named with 1 to {NodeName.MaxLength} characters of [a-z0-9-], and not \"{NodePool.DirectoryNode}\".");
            }

            CheckAddress($"{path}:Primary", settings.Primary, faults);
            for (var i = 0; i < settings.Followers.Length; i++)
            {
                CheckAddress($"{path}:Followers:{i}", settings.Followers[i], faults);
            }

            if (string.IsNullOrWhiteSpace(settings.Region))
            {
                faults.Add($"{path}:Region is empty.");
            }
        }

        if (options.MaxPoolSize is < 2 or > 1000)
        {
            faults.Add($"Insta:Postgres:MaxPoolSize is {options.MaxPoolSize}; 2 to 1000 are possible.");
        }

        CheckPositive("ConnectTimeout", options.ConnectTimeout, faults);
        CheckPositive("ClockInterval", options.ClockInterval, faults);
        CheckPositive("ClockMaxRoundTrip", options.ClockMaxRoundTrip, faults);
        CheckPositive("ShardMapInterval", options.ShardMapInterval, faults);
        CheckPositive("RequestRetention", options.RequestRetention, faults);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void CheckAddress(string path, string address, List<string> faults)
    {
        try
        {
            PostgresAddress.Parse(address);
        }
        catch (FormatException e)
        {
            faults.Add($"{path}: {e.Message}");
        }
    }

    private static void CheckPositive(string name, TimeSpan value, List<string> faults)
    {
        if (value <= TimeSpan.Zero)
        {
            faults.Add($"Insta:Postgres:{name} is {value}; it must be positive.");
        }
    }
}

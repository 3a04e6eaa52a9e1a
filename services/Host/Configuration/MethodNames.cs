using InstaGrpc.Contracts;

namespace InstaGrpc.Host.Configuration;

/// <summary>The methods under <c>Insta:Methods</c>. A process knows those that it serves; the executable knows all that there are.</summary>
internal static class MethodNames
{
    private const string _section = "Insta:Methods";

    /// <summary>A kill switch with a misspelt name would be found at the worst moment.</summary>
    /// <exception cref="UsageException">A method that no contract has.</exception>
    public static void RefuseUnknown(IConfiguration configuration)
    {
        var names = InstaContracts.Services
            .SelectMany(service => service.Methods.Select(method => $"{service.FullName}/{method.Name}"))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (configuration.GetSection(_section).GetChildren().FirstOrDefault(section => !names.Contains(section.Key)) is { } unknown)
        {
            throw new UsageException($"{unknown.Path} names no method: `insta contracts` lists them (package.Service/Method)");
        }
    }
}

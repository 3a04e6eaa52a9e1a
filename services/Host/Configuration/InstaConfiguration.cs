using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.FileProviders;

namespace InstaGrpc.Host.Configuration;

/// <summary>
/// The one configuration tree, <c>Insta:*</c>. Later sources win: appsettings.json beside the executable, the file named by INSTA_CONFIG,
/// variables (<c>INSTA__CACHE__MAXLAG</c>), secrets in files (<c>INSTA__POSTGRES__DIRECTORY_FILE</c>), flags. Files are read again when
/// they change.
/// </summary>
internal static class InstaConfiguration
{
    public const string FileVariable = "INSTA_CONFIG";

    /// <param name="builder">Receives the sources; what it held is dropped.</param>
    /// <param name="flags">Full keys (<c>Insta:Grpc:Listen</c>) and values from the command line.</param>
    public static void Fill(IConfigurationBuilder builder, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        builder.Sources.Clear();
        AddFile(builder, Path.Combine(AppContext.BaseDirectory, "appsettings.json"));
        if (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file)
        {
            if (!File.Exists(file)) throw new UsageException($"the configuration file {file}, named by {FileVariable}, does not exist");
            AddFile(builder, Path.GetFullPath(file));
        }
        builder.AddEnvironmentVariables();
        builder.Add(new SecretFileSource());
        builder.Add(new FlagSource(flags));
    }

    public static IConfigurationRoot Build(IEnumerable<KeyValuePair<string, string?>> flags)
    {
        var builder = new ConfigurationBuilder();
        Fill(builder, flags);
        return BuildOrExplain(builder);
    }

    private static IConfigurationRoot BuildOrExplain(ConfigurationBuilder builder)
    {
        try
        {
            return builder.Build();
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            throw new UsageException($"the configuration cannot be read: {ConfigurationFault.Describe(e)}");
        }
    }

    private static void AddFile(IConfigurationBuilder builder, string path) => builder.Add(new JsonConfigurationSource
    {
        FileProvider = new PhysicalFileProvider(Path.GetDirectoryName(path)!),
        Path = Path.GetFileName(path),
        Optional = true,
        ReloadOnChange = true,
    });
}

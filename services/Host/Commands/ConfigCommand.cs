using System.CommandLine;
using InstaGrpc.Host.Configuration;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta config</c></summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var command = new Command("config", $"""
            Print the whole configuration, each value with where it came from; secrets are masked, "-" is nothing.
            Sources, the later win: appsettings.json beside the executable, the JSON file that {InstaConfiguration.FileVariable} names,
            variables (INSTA__CACHE__MAXLAG sets Insta:Cache:MaxLag), files with secrets (INSTA__POSTGRES__DIRECTORY_FILE=/run/…), flags.
            What none of them sets is shown with its default. A method's overrides (Insta:Methods:<full name>:…) are in `insta contracts --effective`.
            """);
        command.SetAction(_ =>
            TextTable.Write(Console.Out, ["key", "value", "from"],
                ConfigurationReport.Lines(InstaConfiguration.Build([])).Select(line => (string[])[line.Key, line.Value, line.Source])));
        return command;
    }
}

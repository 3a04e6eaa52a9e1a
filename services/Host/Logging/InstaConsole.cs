using InstaGrpc.Host.Configuration;
using Microsoft.Extensions.Logging.Console;

namespace InstaGrpc.Host.Logging;

/// <summary>Logs go to standard error, one line an event: for people on a terminal, JSON everywhere else.</summary>
internal static class InstaConsole
{
    /// <param name="logging">What it held is dropped.</param>
    /// <param name="configuration">Levels come from <c>Insta:Log:LogLevel</c> and follow its changes.</param>
    public static void AddInstaConsole(this ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.ClearProviders();
        logging.AddConfiguration(configuration.GetSection("Insta:Log"));
        var json = ProcessOptions.Of(configuration).Log.Format switch
        {
            "" or "auto" => Console.IsErrorRedirected,
            "json" => true,
            "text" => false,
            var other => throw new UsageException($"Insta:Log:Format is '{other}': write auto, json or text"),
        };
        logging.AddConsole(options =>
        {
            options.LogToStandardErrorThreshold = LogLevel.Trace;
            options.FormatterName = json ? JsonLineFormatter.FormatterName : TextLineFormatter.FormatterName;
        });
        logging.AddConsoleFormatter<JsonLineFormatter, ConsoleFormatterOptions>();
        logging.AddConsoleFormatter<TextLineFormatter, ConsoleFormatterOptions>();
    }
}

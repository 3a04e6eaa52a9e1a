namespace InstaGrpc.Host.Logging;

/// <summary>What both forms of a log line share.</summary>
internal static class LogLine
{
    public static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };

    public static string OneLine(string text) => text.Contains('\n') ? text.ReplaceLineEndings(" ⏎ ") : text;
}

using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace InstaGrpc.Host.Logging;

/// <summary><c>07:40:01.123 warn InstaGrpc.Changes slot lost [trace id]</c>; an exception follows in the same line.</summary>
internal sealed class TextLineFormatter(TimeProvider? time = null) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "insta-text";

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    public override void Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopes, TextWriter writer)
    {
        writer.Write(_time.GetLocalNow().ToString("HH:mm:ss.fff ", CultureInfo.InvariantCulture));
        writer.Write(LogLine.Level(entry.LogLevel));
        writer.Write(' ');
        writer.Write(entry.Category);
        writer.Write(' ');
        writer.Write(LogLine.OneLine(entry.Formatter(entry.State, entry.Exception)));
        if (entry.Exception is { } exception)
        {
            writer.Write(" | ");
            var whole = entry.LogLevel >= LogLevel.Error;
            writer.Write(LogLine.OneLine(whole ? exception.ToString() : $"{exception.GetType().Name}: {exception.Message}"));
        }
        if (Activity.Current is { } activity)
        {
            writer.Write(" [");
            writer.Write(activity.TraceId.ToHexString());
            writer.Write(']');
        }
        writer.WriteLine();
    }
}

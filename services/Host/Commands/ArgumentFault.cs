using System.Text.RegularExpressions;

namespace InstaGrpc.Host.Commands;

/// <summary>The parser names .NET's types; who typed the command never heard of them.</summary>
internal static partial class ArgumentFault
{
    public static string Describe(string message) => Type().Replace(message, match => match.Value switch
    {
        var type when type.Contains("Int", StringComparison.Ordinal) => ": give a whole number.",
        var type when type.Contains("TimeSpan", StringComparison.Ordinal) => ": give a time, for example 00:00:05.",
        var type when type.Contains("Double", StringComparison.Ordinal) => ": give a number.",
        _ => ": it can't be read.",
    });

    [GeneratedRegex(" as expected type '.*$")]
    private static partial Regex Type();
}

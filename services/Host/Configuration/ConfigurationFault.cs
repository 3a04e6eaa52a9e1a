using InstaGrpc.Contracts;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Host.Configuration;

/// <summary>Tells a configuration that can't be used from a fault of ours, where settings are turned into parts.</summary>
internal static class ConfigurationFault
{
    /// <summary>Runs what reads settings.</summary>
    /// <exception cref="UsageException">A setting can't be used; one line that names it.</exception>
    public static T Explain<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (IsOfConfiguration(e))
        {
            throw new UsageException(Describe(e));
        }
    }

    /// <summary>Where it is thrown while settings are read, it is about them: the binder's type is InvalidOperationException.</summary>
    public static bool IsOfConfiguration(Exception e) =>
        e is OptionsValidationException or InvalidContractsException or InvalidOperationException or FormatException or InvalidDataException
            or ArgumentException;

    /// <summary>One line: what was found, and the innermost reason (of a file that is no JSON: where).</summary>
    public static string Describe(Exception e)
    {
        var (what, why) = (e.Message, e.GetBaseException().Message);
        return (what.Contains(why, StringComparison.Ordinal) ? what : $"{what} {why}").ReplaceLineEndings(" ");
    }
}

using System.Diagnostics;

namespace InstaGrpc.Embedded.Internal;

/// <summary>Runs a program to its end.</summary>
internal static class Tool
{
    /// <summary>Standard output of a run that succeeded.</summary>
    /// <exception cref="EmbeddedServerException">Absent, or ended with another code than 0; carries its error output's last
    /// line.</exception>
    public static async Task<string> RunAsync(CancellationToken ct, string program, params IEnumerable<string> arguments)
    {
        var (code, output, error) = await TryRunAsync(ct, program, arguments).ConfigureAwait(false);
        if (code == 0) return output;
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        throw new EmbeddedServerException($"{program} ended with code {code}: {lines.LastOrDefault() ?? "no message"}");
    }

    public static async Task<(int Code, string Output, string Error)> TryRunAsync(
        CancellationToken ct, string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = StartOrExplain(start);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var error = process.StandardError.ReadToEndAsync(ct);
        try
        {
            await process.WaitForExitAsync(ct).ConfigureAwait(false);
            return (process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>The program's full path on the PATH or in the usual folders of administration programs; null when absent.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/usr/local/bin", "/usr/bin"])
        .Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static Process StartOrExplain(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new EmbeddedServerException($"cannot run {start.FileName}: {e.Message}", e);
        }
    }
}

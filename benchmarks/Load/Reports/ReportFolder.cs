namespace InstaGrpc.Load.Reports;

/// <summary>Writes a run's report.</summary>
internal static class ReportFolder
{
    public const string Html = "report.html";
    public const string Markdown = "report.md";

    /// <summary>Whether a report can be written there is found out before the run and not after it.</summary>
    /// <exception cref="FormatException">It can't.</exception>
    public static void Prepare(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, Path.GetRandomFileName());
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"--report {folder} cannot be written: {e.Message}");
        }
    }

    public static async Task WriteAsync(string folder, RunReport run)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, RunReport.FileName), run.ToJson()).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(folder, Html), HtmlReport.Write(run)).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(folder, Markdown), MarkdownReport.Write(run)).ConfigureAwait(false);
    }
}

namespace InstaGrpc.Load.Reports;

/// <summary>Writes a run's report.</summary>
internal static class ReportFolder
{
    public const string Html = "report.html";
    public const string Markdown = "report.md";

    public static async Task WriteAsync(string folder, RunReport run)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, RunReport.FileName), run.ToJson()).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(folder, Html), HtmlReport.Write(run)).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(folder, Markdown), MarkdownReport.Write(run)).ConfigureAwait(false);
    }
}

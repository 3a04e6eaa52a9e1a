using InstaGrpc.Load.Command;
using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Tests;

public sealed class DisplayTests
{
    private static readonly RunSecond _second = new(4, 1234, 5, 1.5, 20, 300.25, 4000, 7, 0.876, 12, 34, 567, 0.1, 0.2);

    [Fact]
    public void OnATerminalTheTableIsRenewedInPlaceAndNamesEveryFigure()
    {
        using var output = new StringWriter();
        var display = new TableDisplay(output, "mixed", TimeSpan.FromSeconds(10));
        display.Begin();
        display.Show(_second, 0);
        var first = output.ToString();
        Assert.All(
            (string[])["mixed", "5 of 10 s", "1,239.0", "p50, ms", "p95, ms", "p99, ms", "300.3", "4,000.0", "1,234", "87.6 %", "12 ms", "567/s", "violations"],
            text => Assert.Contains(text, first, StringComparison.Ordinal));
        display.Show(_second with { P99 = 2 }, 3);
        var second = output.ToString()[first.Length..];
        // Up by as many lines as there are; the worst stays.
        Assert.StartsWith($"\e[{first.Count(static letter => letter == '\n')}A", second, StringComparison.Ordinal);
        Assert.Contains("300.3", second, StringComparison.Ordinal);
        Assert.Contains("2,468", second, StringComparison.Ordinal);
        Assert.Equal(first.Count(static letter => letter == '\n'), second.Count(static letter => letter == '\n'));
    }

    [Fact]
    public void ElsewhereASecondIsALine()
    {
        var line = PlainDisplay.Line(_second, 2);
        Assert.All(
            (string[])["5 s", "1239/s", "ok 1234", "errors 5", "p50 1.5", "p99 300.3", "hits 87.6 %", "lag 12 ms", "PostgreSQL 567/s", "violations 2"],
            text => Assert.Contains(text, line, StringComparison.Ordinal));
        Assert.Contains("hits -", PlainDisplay.Line(_second with { HitRate = null }, 0), StringComparison.Ordinal);
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using InstaGrpc.Host.Tracing;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta trace</c></summary>
internal static partial class TraceCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "A trace's id, 32 hexadecimal digits, or a traceparent; an INTERNAL error names its trace." };
        var jaeger = new Option<string>("--jaeger") { Description = "Jaeger's query address.", DefaultValueFactory = _ => "http://127.0.0.1:16686" };
        var window = new Option<int>("--window") { Description = "For how many seconds after it links are looked for.", DefaultValueFactory = _ => 30 };
        var command = new Command("trace", """
            Print a trace as a tree, with times from its start, and what is linked to it: the projector's batches, fan-outs and refills that served it.
            Exit code 1: Jaeger does not have it.
            """) { id, jaeger, window };
        command.SetAction((parsed, ct) => RunAsync(
            IdOf(parsed.GetValue(id)!), AddressOf(parsed.GetValue(jaeger)!), TimeSpan.FromSeconds(parsed.GetValue(window)), ct));
        return command;
    }

    private static async Task<int> RunAsync(string id, Uri address, TimeSpan window, CancellationToken ct)
    {
        using var jaeger = new JaegerClient(address);
        var trace = await jaeger.TraceAsync(id, ct);
        if (trace.Count == 0)
        {
            Console.WriteLine($"Jaeger at {address} has no trace {id}: it was not sampled, is not there yet, or was dropped since");
            return 1;
        }

        var zero = trace.Min(static span => span.Start);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"trace {id}, {DateTimeOffset.UnixEpoch.AddMicroseconds(zero):yyyy-MM-dd HH:mm:ss.fff}Z, {trace.Count} spans, {
                (trace.Max(static span => span.End) - zero) / 1000.0:0.00} ms"));
        foreach (var cause in trace.SelectMany(static span => span.Links).Select(static link => link.Trace).Distinct())
        {
            Console.WriteLine($"serves trace {cause}");
        }

        foreach (var line in TraceTree.Lines(trace, zero)) Console.WriteLine(line);
        var links = new LinkedTraces(jaeger, window);
        foreach (var (span, below) in await links.FindAsync(trace, ct))
        {
            Console.WriteLine($"linked: trace {span.Trace}");
            foreach (var line in TraceTree.Lines(below, zero)) Console.WriteLine(line);
        }

        if (links.WasCut) Console.WriteLine("more was linked than could be looked through: a smaller --window shows what came soonest");
        return 0;
    }

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme.StartsWith("http", StringComparison.Ordinal)
        ? address
        : throw new UsageException($"--jaeger {text} is no address: give one like http://127.0.0.1:16686");

    private static string IdOf(string text)
    {
        var match = Form().Match(text.Trim().ToLowerInvariant());
        return match.Success
            ? match.Groups["id"].Value
            : throw new UsageException($"'{text}' is no trace id: give 32 hexadecimal digits, or a traceparent (00-<trace>-<span>-<flags>)");
    }

    [GeneratedRegex("^(00-)?(?<id>[0-9a-f]{32})(-[0-9a-f]{16}-[0-9a-f]{2})?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}

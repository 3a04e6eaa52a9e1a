using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using InstaGrpc.Host.Canary;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta canary</c></summary>
internal static class CanaryCommand
{
    private const int _worse = 1;

    // A canary that did not answer is asked once more before it is taken for away.
    private static readonly TimeSpan _again = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var stable = Urls("--stable", "Web addresses of the version that runs, e.g. http://10.0.0.7:8080.");
        var canary = Urls("--canary", "Web addresses of the new one.");
        var length = new Option<string>("--for") { Description = "How long both are compared: 30s, 10m, 2h.", DefaultValueFactory = _ => "10m" };
        var every = new Option<string>("--every") { Description = "How often they are looked at.", DefaultValueFactory = _ => "15s" };
        var deployment = new Option<string>("--deployment")
        {
            Description = "The canary's Deployment.", DefaultValueFactory = _ => "insta-insta-media-canary",
        };
        var apply = new Option<bool>("--apply") { Description = "Take the canary back, with kubectl, when it does worse. Otherwise the command is printed." };
        var command = new Command("canary", """
            Compare error rate and p95 of a canary with those of the version beside it, by their /metrics. One that goes away or begins anew does worse.
            Exit code 0: it does not do worse; 1: it does, or was called too seldom to say.
            """) { stable, canary, length, every, deployment, apply };
        command.SetAction((parsed, ct) => RunAsync(
            parsed.GetValue(stable)!, parsed.GetValue(canary)!, Time(parsed.GetValue(length)!, "--for"), Time(parsed.GetValue(every)!, "--every"),
            parsed.GetValue(deployment)!, parsed.GetValue(apply), ct));
        return command;
    }

    private static async Task<int> RunAsync(
        Uri[] stable, Uri[] canary, TimeSpan length, TimeSpan every, string deployment, bool apply, CancellationToken ct)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        WatchedProcess[] usual = [.. stable.Select(address => new WatchedProcess(client, address))];
        WatchedProcess[] fresh = [.. canary.Select(address => new WatchedProcess(client, address))];
        foreach (var process in usual.Concat(fresh)) await process.BeginAsync(ct);
        var watch = Stopwatch.StartNew();
        CanaryVerdict verdict;
        do
        {
            var left = length - watch.Elapsed;
            var pause = fresh.Any(static process => process.IsInDoubt) ? Shorter(every, _again) : Shorter(every, left > TimeSpan.Zero ? left : TimeSpan.Zero);
            await Task.Delay(pause, ct);
            var (ours, theirs) = (await LookAsync(usual, ct), await LookAsync(fresh, ct));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{watch.Elapsed:hh\\:mm\\:ss}  stable {ours.Calls:N0} calls, {CanaryVerdict.Percent(ours.FailureRate)} failed, p95 {
                    CanaryVerdict.Milliseconds(ours.Quantile(0.95))}  canary {theirs.Calls:N0} calls, {CanaryVerdict.Percent(theirs.FailureRate)} failed, p95 {
                    CanaryVerdict.Milliseconds(theirs.Quantile(0.95))}"));
            verdict = fresh.FirstOrDefault(static process => process.Fault is not null) is { } gone ? new(gone.Fault, true) : CanaryVerdict.Of(ours, theirs);
        }
        while (verdict.Worse is null && (watch.Elapsed < length || fresh.Any(static process => process.IsInDoubt)));

        if (verdict.Worse is null)
        {
            Console.WriteLine(verdict.Enough
                ? "the canary does not do worse"
                : $"too few calls to say: each side needs {CanaryVerdict.LeastCalls}; give it more of them, or more time (--for)");
            return verdict.Enough ? 0 : _worse;
        }
        Console.WriteLine($"the canary does worse: {verdict.Worse}");
        string[] rollback = ["scale", $"deployment/{deployment}", "--replicas=0"];
        Console.WriteLine($"{(apply ? "taking it back" : "take it back")}: kubectl {string.Join(' ', rollback)}");
        if (apply) await KubectlAsync(rollback, ct);
        return _worse;
    }

    private static async Task<CallFigures> LookAsync(WatchedProcess[] processes, CancellationToken ct)
    {
        var figures = new CallFigures();
        foreach (var process in processes) figures.Add(await process.LookAsync(ct));
        return figures;
    }

    private static TimeSpan Shorter(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static async Task KubectlAsync(string[] arguments, CancellationToken ct)
    {
        try
        {
            using var kubectl = Process.Start("kubectl", arguments);
            await kubectl.WaitForExitAsync(ct);
            if (kubectl.ExitCode != 0) throw new UsageException($"kubectl ended with exit code {kubectl.ExitCode}: the canary still runs");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new UsageException($"kubectl cannot be run ({e.Message}): the canary still runs");
        }
    }

    private static Option<Uri[]> Urls(string name, string description) => new(name)
    {
        Description = description, Required = true, AllowMultipleArgumentsPerToken = true,
        CustomParser = result =>
        {
            foreach (var token in result.Tokens)
            {
                if (!Uri.TryCreate(token.Value, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                {
                    result.AddError($"{name} is '{token.Value}': write a URL, for example http://127.0.0.1:8080");
                    return [];
                }
            }
            return [.. result.Tokens.Select(static token => new Uri(token.Value))];
        },
    };

    private static TimeSpan Time(string text, string flag)
    {
        var seconds = text.Length > 1 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 } : 0;
        return seconds > 0 && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number > 0
            ? TimeSpan.FromSeconds(number * seconds)
            : throw new UsageException($"{flag} is '{text}': write a time, for example 30s, 10m or 2h");
    }
}

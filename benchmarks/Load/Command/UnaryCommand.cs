using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Http2;

namespace InstaGrpc.Load.Command;

/// <summary>One unary method, as fast as it goes or at a rate: what <c>./insta bench load</c> measures of the runner itself.
/// <c>unary ADDRESS copies|rate NUMBER SECONDS</c>; prints answers a second, starts that were late by more than 5 ms, the latest one in ms, processor time in
/// cores, and failures.</summary>
internal static class UnaryCommand
{
    public const string Name = "unary";

    private const long Media = 1;

    public static async Task<int> RunAsync(IReadOnlyList<string> args, TextWriter output, CancellationToken ct)
    {
        if (args is not [var address, var how, var text, var time]
            || !double.TryParse(text, CultureInfo.InvariantCulture, out var number) || !double.TryParse(time, CultureInfo.InvariantCulture, out var seconds))
        {
            throw new FormatException("unary ADDRESS copies|rate NUMBER SECONDS");
        }

        using var channel = GrpcChannel.ForAddress(address);
        await using var calls = new Http2CallInvoker(new Uri(address), channel.CreateCallInvoker());
        var client = new MediaService.MediaServiceClient(calls);
        var request = new GetMediaRequest { MediaId = Media };
        var headers = new Metadata { { MetadataNames.Caller, "admin" } };
        var during = TimeSpan.FromSeconds(seconds);
        var scenario = Scenario.Create(Name, async _ =>
        {
            await client.GetMediaAsync(request, headers).ConfigureAwait(false);
            return Response.Ok();
        }).WithWarmUpDuration(TimeSpan.FromSeconds(3)).WithLoadSimulations(
            how == "copies" ? Simulation.KeepConstant((int)number, during) : Simulation.Inject(number, TimeSpan.FromSeconds(1), during));
        var (late, latest, cores, intervals) = (0L, 0L, 0.0, 0);
        var stats = await LoadRunner.RegisterScenarios(scenario).WithIntervals(interval =>
        {
            (late, latest) = (late + interval.LateOver5Ms, Math.Max(latest, interval.LateMicroseconds));
            if (interval.Begun > 0) (cores, intervals) = (cores + interval.Cores, intervals + 1);
            return Task.CompletedTask;
        }).RunAsync(ct).ConfigureAwait(false);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"unary {stats[0].Ok / seconds:0.0} {late} {latest / 1000.0:0.000} {cores / Math.Max(1, intervals):0.000} {stats[0].Fail}"));
        return 0;
    }
}

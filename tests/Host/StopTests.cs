using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Mesh.HealthV1;
using InstaGrpc.TestFixtures;
using Microsoft.AspNetCore.Builder;
using ServingStatus = InstaGrpc.Mesh.HealthV1.HealthCheckResponse.Types.ServingStatus;

namespace InstaGrpc.Host.Tests;

/// <summary>What becomes of calls that run when a process is asked to stop.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task AProcessSaysThatItIsStoppingAndThenFinishesWhatRuns()
    {
        var held = new HeldCall();
        await using var host = await StartAsync(held);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{host.Web}") };
        var call = http.GetAsync("/held");
        await held.Entered.WaitAsync(Patience.Limit);
        using var channel = GrpcChannel.ForAddress($"http://{host.Grpc}");
        using var watch = new Health.HealthClient(channel).Watch(new HealthCheckRequest(), cancellationToken: Patience.Token());
        while (await watch.ResponseStream.MoveNext(default) && watch.ResponseStream.Current.Status != ServingStatus.Serving)
        {
        }

        var stopped = host.StopAsync();

        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.Equal(
            StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(async () => await watch.ResponseStream.MoveNext(default))).StatusCode);
        using (var ready = await http.GetAsync("/readyz"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            Assert.Contains("is stopping", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        // What it does now calls this process by its own listener, as roles of one process do.
        held.GoOn(async () =>
        {
            using var others = new HttpClient();
            return await others.GetStringAsync($"http://{host.Web}/healthz");
        });
        using var answer = await call;
        Assert.Equal("ok", await answer.Content.ReadAsStringAsync());
        await stopped.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task CallsThatComeDuringAStopDoNotHoldItUp()
    {
        var (first, later) = (new HeldCall(), new HeldCall("/later"));
        await using var host = await StartAsync([first, later]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{host.Web}") };
        var call = http.GetAsync("/held");
        await first.Entered.WaitAsync(Patience.Limit);

        var stopped = host.StopAsync();
        var latecomer = http.GetAsync("/later");
        await later.Entered.WaitAsync(Patience.Limit);
        first.GoOn(() => Task.FromResult("first"));
        (await call).Dispose();

        // The listeners close now; what they took is answered.
        await Patience.UntilAsync(() => IsRefusedAsync(host), "nobody listens");
        Assert.False(stopped.IsCompleted);
        later.GoOn(() => Task.FromResult("later"));
        using var answer = await latecomer;
        Assert.Equal("later", await answer.Content.ReadAsStringAsync());
        await stopped.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task ACallWithoutEndIsBrokenOffAtTheLimit()
    {
        var held = new HeldCall();
        await using var host = await StartAsync([held], new("Insta:StopLimit", "00:00:01"));
        using var http = new HttpClient { BaseAddress = new Uri($"http://{host.Web}") };
        var call = http.GetAsync("/held");
        await held.Entered.WaitAsync(Patience.Limit);

        await host.StopAsync().WaitAsync(Patience.Limit);

        await Assert.ThrowsAsync<HttpRequestException>(async () => await call);
    }

    private static async Task<bool> IsRefusedAsync(RoleHost host)
    {
        try
        {
            using var http = new HttpClient();
            (await http.GetAsync($"http://{host.Web}/healthz")).Dispose();
            return false;
        }
        catch (HttpRequestException)
        {
            return true;
        }
    }

    private static Task<RoleHost> StartAsync(params HeldCall[] calls) => StartAsync(calls, new KeyValuePair<string, string?>("Insta:StopLimit", "00:01:00"));

    private static async Task<RoleHost> StartAsync(HeldCall[] calls, KeyValuePair<string, string?> limit)
    {
        var role = new Role("held", "", "waits", Needs.Nothing, static (_, _) => { }, endpoints =>
        {
            foreach (var call in calls) endpoints.MapGet(call.Path, call.RunAsync);
        });
        var host = RoleHost.Build([role], [new("Insta:Grpc:Listen", "127.0.0.1:0"), new("Insta:Web:Listen", "127.0.0.1:0"), limit]);
        await host.StartAsync(CancellationToken.None);
        return host;
    }

    /// <summary>A request whose answer waits for the test.</summary>
    private sealed class HeldCall(string path = "/held")
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<Func<Task<string>>> _work = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Path => path;

        public Task Entered => _entered.Task;

        public void GoOn(Func<Task<string>> work) => _work.SetResult(work);

        public async Task<string> RunAsync()
        {
            _entered.SetResult();
            return await (await _work.Task)();
        }
    }
}

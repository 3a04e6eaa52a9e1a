using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Host.Tests;

public sealed class CanaryTests
{
    [Fact]
    public async Task ACanaryThatIsAsGoodStays()
    {
        using var stable = new Served(calls: 5000, failed: 10, slow: 0);
        using var canary = new Served(calls: 500, failed: 1, slow: 0);

        var (code, output) = await CompareAsync(stable, canary);

        Assert.True(code == 0, output);
        Assert.Contains("does not do worse", output);
    }

    [Fact]
    public async Task ACanaryWhoseCallsFailIsToBeTakenBack()
    {
        using var stable = new Served(calls: 5000, failed: 10, slow: 0);
        using var canary = new Served(calls: 500, failed: 25, slow: 0);

        var (code, output) = await CompareAsync(stable, canary);

        Assert.True(code == 1, output);
        Assert.Contains("5.00 % of its calls fail, and 0.20 % of the others", output);
        Assert.Contains("take it back: kubectl scale deployment/x-media-canary --replicas=0", output);
    }

    [Fact]
    public async Task ACanaryThatIsSlowIsToBeTakenBack()
    {
        using var stable = new Served(calls: 5000, failed: 0, slow: 0);
        using var canary = new Served(calls: 500, failed: 0, slow: 100);

        var (code, output) = await CompareAsync(stable, canary);

        Assert.True(code == 1, output);
        Assert.Contains("its p95 is", output);
    }

    [Fact]
    public async Task ACanaryThatNobodyCallsIsNotSaidToBeGood()
    {
        using var stable = new Served(calls: 5000, failed: 0, slow: 0);
        using var canary = new Served(calls: 20, failed: 0, slow: 0);

        var (code, output) = await CompareAsync(stable, canary);

        Assert.True(code == 1, output);
        Assert.Contains("too few calls", output);
    }

    [Fact]
    public async Task ACanaryThatGoesAwayIsToBeTakenBack()
    {
        using var stable = new Served(calls: 5000, failed: 0, slow: 0);
        using var canary = new Served(calls: 500, failed: 0, slow: 0) { Looks = 1 };

        var (code, output) = await CompareAsync(stable, canary);

        Assert.True(code == 1, output);
        Assert.Contains($"the canary does worse: {canary.Url}/ is away", output);
        Assert.Contains("take it back: kubectl scale deployment/x-media-canary --replicas=0", output);
    }

    [Fact]
    public async Task ACanaryThatBeganAnewIsToBeTakenBack()
    {
        using var stable = new Served(calls: 5000, failed: 0, slow: 0);
        using var canary = new Served(calls: -500, failed: 0, slow: 0);

        var (code, output) = await CompareAsync(stable, canary);

        Assert.True(code == 1, output);
        Assert.Contains($"the canary does worse: {canary.Url}/ began anew", output);
    }

    [Fact]
    public async Task AProcessOfTheOthersMayGoOrBeginAnew()
    {
        using var gone = new Served(calls: 5000, failed: 0, slow: 0) { Looks = 1 };
        using var again = new Served(calls: -500, failed: 0, slow: 0);
        using var stays = new Served(calls: 5000, failed: 0, slow: 0);
        using var canary = new Served(calls: 500, failed: 0, slow: 0);

        var (code, output) = await InstaProcess.RunAsync(
            "canary", "--stable", gone.Url, "--stable", again.Url, "--stable", stays.Url, "--canary", canary.Url, "--for", "0.1s");

        Assert.True(code == 0, output);
    }

    [Theory]
    [InlineData(0, 1, "taking it back: kubectl scale deployment/x-media-canary --replicas=0")]
    [InlineData(7, 2, "kubectl ended with exit code 7: the canary still runs")]
    public async Task WithApplyKubectlTakesItBack(int kubectl, int exit, string told)
    {
        using var stable = new Served(calls: 5000, failed: 10, slow: 0);
        using var canary = new Served(calls: 500, failed: 25, slow: 0);
        using var folder = TestFolder.Create();
        var asked = Path.Combine(folder.Path, "asked");
        var program = Path.Combine(folder.Path, "kubectl");
        await File.WriteAllTextAsync(
            program, string.Create(CultureInfo.InvariantCulture, $"#!/bin/sh\necho \"$@\" > {asked}\nexit {kubectl}\n"));
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var (code, output) = await InstaProcess.RunAsync(
            new Dictionary<string, string> { ["PATH"] = folder.Path + ":" + Environment.GetEnvironmentVariable("PATH") },
            "canary", "--stable", stable.Url, "--canary", canary.Url, "--for", "0.1s", "--deployment", "x-media-canary", "--apply");

        Assert.True(code == exit, output);
        Assert.Contains(told, output);
        Assert.Equal("scale deployment/x-media-canary --replicas=0", (await File.ReadAllTextAsync(asked)).Trim());
    }

    [Fact]
    public async Task ItIsJudgedByWhatAProcessReallyShows()
    {
        using var folder = TestFolder.Create();
        await using var insta = InstaProcess.Start(null, "up", "--no-demo", "--grpc-port", "0", "--web-port", "0", "--data", folder.Path);
        await insta.LineAsync("ready in ");
        using var endpoints = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder.Path, "endpoints.json")));
        var url = "http://" + endpoints.RootElement.GetProperty("web").GetString();
        await using var mesh = await BusyMesh.BeginAsync(endpoints, readers: 16);

        var (code, output) = await InstaProcess.RunAsync("canary", "--stable", url, "--canary", url, "--for", "3s");

        Assert.True(code == 0, output);
        Assert.Matches(@"canary [\d,]{3,} calls, 0.00 % failed, p95 \d", output);
    }

    [Theory]
    [InlineData("--for", "ten")]
    [InlineData("--canary", "nowhere")]
    public async Task WhatCannotBeComparedIsOneLine(string flag, string value)
    {
        Dictionary<string, string> arguments = new() { ["--stable"] = "http://127.0.0.1:1", ["--canary"] = "http://127.0.0.1:1", [flag] = value };

        var (code, output) = await InstaProcess.RunAsync(["canary", .. arguments.SelectMany(pair => (string[])[pair.Key, pair.Value])]);

        Assert.Equal(2, code);
        Assert.Contains($"{flag} is '{value}'", output);
    }

    private static Task<(int Code, string Output)> CompareAsync(Served stable, Served canary) => InstaProcess.RunAsync(
        "canary", "--stable", stable.Url, "--canary", canary.Url, "--for", "0.1s", "--deployment", "x-media-canary");

    /// <summary>A process that was called so often between the first look at its metrics and the second.</summary>
    private sealed class Served : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly (int Calls, int Failed, int Slow) _each;
        private int _looks;

        public Served(int calls, int failed, int slow)
        {
            _each = (calls, failed, slow);
            _listener.Start();
            Url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
            _ = ServeAsync();
        }

        /// <summary>How often it can be looked at; then it is away.</summary>
        public int Looks { get; init; } = int.MaxValue;

        public string Url { get; }

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (_looks < Looks)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    await using var stream = client.GetStream();
                    using var reader = new StreamReader(stream, Encoding.ASCII);
                    while (await reader.ReadLineAsync() is { Length: > 0 })
                    {
                    }
                    var body = Metrics(_looks++);
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(
                        $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
                }
                _listener.Stop();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Over.
            }
        }

        private string Metrics(int looks)
        {
            var (calls, failed, slow) = (1000 + (_each.Calls * looks), 7 + (_each.Failed * looks), 3 + (_each.Slow * looks));
            return string.Create(CultureInfo.InvariantCulture, $$"""
                # TYPE insta_rpc_duration_seconds histogram
                insta_rpc_duration_seconds_bucket{method="a/B",code="OK",le="0.1"} {{calls - failed - slow}}
                insta_rpc_duration_seconds_bucket{method="a/B",code="OK",le="1"} {{calls - failed}}
                insta_rpc_duration_seconds_bucket{method="a/B",code="OK",le="+Inf"} {{calls - failed}}
                insta_rpc_duration_seconds_count{method="a/B",code="OK"} {{calls - failed}}
                insta_rpc_duration_seconds_count{method="a/B",code="Unavailable"} {{failed}}
                insta_rpc_duration_seconds_bucket{method="a/WatchX",code="OK",le="+Inf"} {{calls}}

                """);
        }
    }
}

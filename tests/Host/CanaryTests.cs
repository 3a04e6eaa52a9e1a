using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
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
            _ = ServeAsync();
        }

        public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
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

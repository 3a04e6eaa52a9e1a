using System.Globalization;
using Grpc.Core;
using InstaGrpc.Embedded;
using InstaGrpc.Host.Client;
using InstaGrpc.Host.Demo;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Gateway;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>
/// <c>insta up</c>: own the folder, start the servers, migrate, play all roles, seed, tell, wait, and take it all down again.
/// </summary>
internal static class UpRun
{
    public static async Task<int> RunAsync(UpOptions options, TextWriter output, CancellationToken stop)
    {
        using var owned = await options.Data.TakeAsync(stop);
        // Asked before anything is started: most of the answer's cost would be for nothing.
        RoleHost.ThrowIfTaken(options.GrpcPort, "gRPC", "--grpc-port");
        RoleHost.ThrowIfTaken(options.WebPort, "web", "--web-port");
        if (options.GrpcPort == options.WebPort && options.GrpcPort != 0)
        {
            throw new UsageException($"--grpc-port and --web-port are both {options.GrpcPort}: gRPC and web need a port each");
        }
        // Known from now on: the mesh tells its internal listener from the external one by their ports.
        if (options.GrpcPort == 0) options = options with { GrpcPort = LoopbackPort.Free() };
        if (options.WebPort == 0) options = options with { WebPort = LoopbackPort.Free() };
        File.Delete(options.Data.EndpointsFile);

        await using var display = new PhaseDisplay(output, terminal: !Console.IsOutputRedirected, SinceTheScriptBegan());
        try
        {
            await using var backends = await Backends.StartAsync(options, display, stop);
            KeyValuePair<string, string?>[] settings = [.. backends.Settings(), .. Settings(options)];
            await using var host = RoleHost.Build(RoleTable.All, settings);
            await display.RunAsync("migrate", () => host.MigrateAsync(stop));
            await KnownNodes.RefuseWithoutAsync(host.Services.GetRequiredService<NodePool>(), stop);
            await display.RunAsync("roles", () => host.StartAsync(stop));
            await display.RunAsync("ready", () => host.ReadyAsync(stop));
            var rolesReady = display.Elapsed;
            if (options.Demo) await display.RunAsync("demo", () => SeedAsync(host, options.Data.DemoFile, stop));
            var ready = display.Elapsed;
            RunSettings.Write(options.Data.SettingsFile, [.. settings, new("Insta:Grpc:Address", $"http://{host.Grpc}")]);

            var nodes = backends.Nodes.Select(node => node.Url).ToArray();
            new EndpointsFile(host.Grpc.ToString(), host.Web.ToString(), nodes, backends.Memcached, backends.Kafka, options.Otlp ?? "")
                .Write(options.Data.EndpointsFile);
            Tell(output, options, backends, host, rolesReady, ready);

            var failure = await FailureAsync(backends, host).WaitAsync(stop).ContinueWith(
                static done => done.IsCanceled ? null : done.Result, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            if (failure is not null) await Console.Error.WriteLineAsync($"insta: {failure}: stopping");
            File.Delete(options.Data.EndpointsFile);
            await host.StopAsync();
            return failure is null ? 0 : 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
    }

    /// <summary>Why the run has to end; never, while all is well.</summary>
    private static async Task<string> FailureAsync(Backends backends, RoleHost host) =>
        await Task.WhenAny(backends.Failed, host.Failed) == host.Failed
            ? "a part of the roles has failed (the log says which)"
            : await backends.Failed;

    private static async Task SeedAsync(RoleHost host, string doneFile, CancellationToken ct)
    {
        using var mesh = new MeshConnection(_ => $"http://{host.Grpc}", patience: TimeSpan.FromMinutes(1));
        try
        {
            var users = await new DemoSeed(mesh, doneFile).RunAsync(ct);

        // Known to everybody who can read: only here, where everything listens on this machine alone.
        await using var scope = host.Services.CreateAsyncScope();
        var passwords = scope.ServiceProvider.GetRequiredService<UserPasswords>();
        foreach (var user in users.Values) await passwords.AddKnownAsync(user, DemoSeed.Password, ct);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Cancelled)
        {
            ct.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>
    /// ./insta says when it was called (INSTA_BEGUN, ms since 1970): set-up and build are part of what somebody waits for.
    /// </summary>
    private static TimeSpan SinceTheScriptBegan() =>
        long.TryParse(Environment.GetEnvironmentVariable("INSTA_BEGUN"), CultureInfo.InvariantCulture, out var begun)
            ? TimeSpan.FromMilliseconds(Math.Max(0, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - begun))
            : DateTime.UtcNow - System.Diagnostics.Process.GetCurrentProcess().StartTime.ToUniversalTime();

    private static IEnumerable<KeyValuePair<string, string?>> Settings(UpOptions options)
    {
        yield return new("Insta:Grpc:Listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{options.GrpcPort}"));
        yield return new("Insta:Web:Listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{options.WebPort}"));
        // Somebody waits at a terminal, and the servers are still to be stopped.
        yield return new("Insta:StopLimit", "00:00:06");
        yield return new("Insta:Photos:Folder", options.Data.BlobFolder);
        if (options.Otlp is { } otlp) yield return new("Insta:Otlp:Endpoint", otlp);
    }

    private static void Tell(TextWriter output, UpOptions options, Backends backends, RoleHost host, TimeSpan rolesReady, TimeSpan ready)
    {
        output.WriteLine();
        TextTable.Write(output, ["role", "address", "state", "ready after"],
        [
            .. backends.Rows.OrderBy(row => row[0], StringComparer.Ordinal),
            .. host.Roles.Select(role => (string[])[role.Name, host.Grpc.ToString(), "ready", PhaseDisplay.Seconds(rolesReady)]),
            ["web", host.Web.ToString(), "ready", PhaseDisplay.Seconds(rolesReady)],
        ]);
        output.WriteLine();
        if (options.Kafka is null)
        {
            output.WriteLine("The embedded broker is for evaluation and keeps no data: name a real one with --kafka HOST:PORT.");
        }
        foreach (var (name, url) in backends.Nodes) output.WriteLine($"psql '{url}'   # node {name}");
        if (options.Demo) output.WriteLine($"http://{host.Web}   # sign in as {DemoSeed.Somebody} with {DemoSeed.Password}");
        output.WriteLine($"grpcurl -plaintext {host.Grpc} list");
        output.WriteLine("-H 'insta-caller: admin'   # a caller header; `insta token --user ID` prints a user's");
        output.WriteLine($"ready in {PhaseDisplay.Seconds(ready)}");
        output.Flush();
    }
}

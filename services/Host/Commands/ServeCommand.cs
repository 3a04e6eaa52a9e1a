using System.CommandLine;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta serve</c></summary>
internal static class ServeCommand
{
    private const int _failed = 1;

    public static Command Create()
    {
        var roles = new Option<string>("--roles")
        {
            Description = "Roles to play, separated by commas (`insta roles` lists them), or all.", Required = true,
        };
        var grpc = new Option<string?>("--grpc")
        {
            Description = $"Address of gRPC without TLS, default 127.0.0.1:{RoleHost.DefaultGrpcPort} (Insta:Grpc:Listen).",
        };
        var web = new Option<string?>("--web")
        {
            Description = $"Address of web, health and metrics, default 127.0.0.1:{RoleHost.DefaultWebPort} (Insta:Web:Listen).",
        };
        var command = new Command("serve", "Play roles on the servers that the configuration names (see `insta config`), until SIGTERM.")
        {
            roles, grpc, web,
        };
        command.SetAction((parsed, ct) => RunAsync(
            RoleTable.Parse(parsed.GetRequiredValue(roles)),
            [new("Insta:Grpc:Listen", parsed.GetValue(grpc)), new("Insta:Web:Listen", parsed.GetValue(web))]));
        return command;
    }

    private static async Task<int> RunAsync(IReadOnlyList<Role> roles, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        using var shutdown = new ShutdownSignal();
        await using var host = RoleHost.Build(roles, flags.Where(flag => flag.Value is not null));
        try
        {
            await host.StartAsync(shutdown.Token);
            Console.WriteLine($"serving {string.Join(",", roles.Select(role => role.Name))} on {host.Grpc} (gRPC) and {host.Web} (web)");
            await host.Failed.WaitAsync(shutdown.Token);
            await Console.Error.WriteLineAsync("insta: a part of this process has failed (its log says which): stopping");
            await host.StopAsync();
            return _failed;
        }
        catch (OperationCanceledException) when (shutdown.Token.IsCancellationRequested)
        {
        }
        await host.StopAsync();
        return 0;
    }
}

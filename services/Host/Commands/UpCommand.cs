using System.CommandLine;
using InstaGrpc.Host.Lifecycle;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta up</c></summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var grpcPort = new Option<int>("--grpc-port")
        {
            Description = "Port of gRPC without TLS on 127.0.0.1; 0: any free one.",
            DefaultValueFactory = _ => RoleHost.DefaultGrpcPort,
        };
        var webPort = new Option<int>("--web-port")
        {
            Description = "Port of web, health and metrics on 127.0.0.1; 0: any free one.",
            DefaultValueFactory = _ => RoleHost.DefaultWebPort,
        };
        var data = DataOption();
        var nodes = new Option<int?>("--nodes")
        {
            Description = "Physical nodes: databases of the own cluster, 1 to 16; as many as the folder has, or 1, when left out.",
        };
        var kafka = new Option<string?>("--kafka")
        {
            Description = "HOST:PORT of a Kafka to use instead of the embedded broker.",
        };
        var postgres = new Option<string?>("--postgres")
        {
            Description = "URL[,URL…] of PostgreSQL databases, one a node, to use instead of an own cluster (wal_level=logical)."
                + " The directory's tables go into the first.",
        };
        var memcached = new Option<string?>("--memcached")
        {
            Description = "HOST:PORT[,…] of memcached servers to use instead of an own one.",
        };
        var otlp = new Option<string?>("--otlp")
        {
            Description = "URL of an OTLP endpoint (gRPC) for traces, e.g. http://127.0.0.1:4317.",
        };
        var noDemo = new Option<bool>("--no-demo")
        {
            Description = "Leave the databases empty.",
        };
        var command = new Command("up", "Start PostgreSQL, memcached, a broker and all roles on this machine. Ends with Ctrl-C.")
        {
            grpcPort, webPort, data, nodes, kafka, postgres, memcached, otlp, noDemo,
        };
        command.SetAction(async parsed =>
        {
            using var shutdown = new ShutdownSignal();
            var urls = List(parsed.GetValue(postgres));
            var options = new UpOptions
            {
                GrpcPort = Port(parsed.GetValue(grpcPort), "--grpc-port"),
                WebPort = Port(parsed.GetValue(webPort), "--web-port"),
                Data = new DataFolder(parsed.GetValue(data)!),
                Nodes = parsed.GetValue(nodes) is { } count ? InRange(count, 1, 16, "--nodes") : null,
                Postgres = urls,
                Memcached = List(parsed.GetValue(memcached)),
                Kafka = parsed.GetValue(kafka),
                Otlp = Url(parsed.GetValue(otlp), "--otlp"),
                Demo = !parsed.GetValue(noDemo),
            };
            if (urls.Count > 0 && options.Nodes is not null)
            {
                throw new UsageException("--nodes counts databases of the own cluster: leave it out beside --postgres");
            }
            return await UpRun.RunAsync(options, Console.Out, shutdown.Token);
        });
        return command;
    }

    public static Option<string> DataOption() =>
        new("--data") { Description = "Folder of the databases and of endpoints.json.", DefaultValueFactory = _ => DataFolder.DefaultPath };

    private static List<string> List(string? value) =>
        [.. (value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static string? Url(string? value, string flag) =>
        value is null || (Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0)
            ? value
            : throw new UsageException($"{flag} is '{value}': write a URL, for example http://127.0.0.1:4317");

    private static int Port(int value, string flag) => InRange(value, 0, 65535, flag);

    private static int InRange(int value, int least, int most, string flag) =>
        value >= least && value <= most ? value : throw new UsageException($"{flag} is {value}: give a number from {least} to {most}");
}

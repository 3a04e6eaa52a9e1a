namespace InstaGrpc.Postgres.Internal.Checks;

/// <summary>Version, role of the server, and whether this is the server at all or something in between.</summary>
internal sealed class ServerCheck : INodeCheck
{
    // ALTER PUBLICATION could leave running writers with a stale cache, whose changes then miss from the stream, before these.
    private static readonly Dictionary<int, int> _leastMinor = new() { [15] = 13, [16] = 9, [17] = 5 };

    public string Name => "server";

    public async ValueTask RunAsync(NodeExamination server, CancellationToken cancellation)
    {
        var version = (int)await server.NumberAsync("server_version_num", cancellation).ConfigureAwait(false);
        var (major, minor) = (version / 10000, version % 10000);
        if (major < 15 || (_leastMinor.TryGetValue(major, out var least) && minor < least))
        {
            server.Error("version", $"PostgreSQL {major}.{minor} loses changes of running writers when a table is published.",
                "upgrade to 15.13, 16.9, 17.5 or later.");
        }

        if (await server.QueryAsync<bool>("SELECT pg_is_in_recovery()", cancellation).ConfigureAwait(false))
        {
            server.Error("primary", "the address names a follower.", $"let Insta:Postgres:Nodes:{server.Node}:Primary name the primary.");
        }

        // A pooler hands out a process id of its own at connect; the server tells the real one.
        var backend = await server.QueryAsync<int>("SELECT pg_backend_pid()", cancellation).ConfigureAwait(false);
        if (backend != server.Connection.ProcessID)
        {
            server.Error("pooler", "a connection pooler stands between: advisory locks, LISTEN, prepared statements and tokens need the session itself.",
                "name the server itself in Insta:Postgres; every process pools its connections already.");
        }

        var connections = await server.NumberAsync("max_connections", cancellation).ConfigureAwait(false);
        if (connections < server.Options.MaxPoolSize + 10)
        {
            server.Warning("max_connections", $"{connections} connections are allowed, one process may open {server.Options.MaxPoolSize} and more.",
                "raise max_connections, or lower Insta:Postgres:MaxPoolSize.");
        }

        var skew = server.Time.GetUtcNow()
            - new DateTimeOffset(await server.QueryAsync<DateTime>("SELECT clock_timestamp()", cancellation).ConfigureAwait(false));
        if (skew.Duration() > TimeSpan.FromSeconds(1))
        {
            server.Warning("clock", $"its clock and this machine's are {skew.Duration().TotalSeconds:0.0} s apart.", "synchronize both with NTP.");
        }
    }
}

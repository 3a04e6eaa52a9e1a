namespace InstaGrpc.Postgres.Internal.Checks;

/// <summary>An acknowledged write is in PostgreSQL, and what readers saw stays true after a crash.</summary>
internal sealed class DurabilityCheck : INodeCheck
{
    public string Name => "durability";

    public async ValueTask RunAsync(NodeExamination server, CancellationToken cancellation)
    {
        if (await server.SettingAsync("synchronous_commit", cancellation).ConfigureAwait(false) == "off")
        {
            server.Error("synchronous_commit", "it is off: after a crash, rows that readers (and caches) saw are gone, and nothing in the stream says so.",
                "ALTER SYSTEM SET synchronous_commit = 'on'; SELECT pg_reload_conf(); (look at ALTER ROLE and ALTER DATABASE settings too).");
        }

        foreach (var setting in (string[])["fsync", "full_page_writes"])
        {
            if (await server.SettingAsync(setting, cancellation).ConfigureAwait(false) == "off")
            {
                server.Warning(setting, "it is off: a failing machine loses or corrupts acknowledged writes.",
                    $"ALTER SYSTEM SET {setting} = 'on'; SELECT pg_reload_conf();");
            }
        }
    }
}

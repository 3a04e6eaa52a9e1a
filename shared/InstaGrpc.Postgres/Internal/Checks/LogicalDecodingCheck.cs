namespace InstaGrpc.Postgres.Internal.Checks;

/// <summary>What a logical slot needs.</summary>
internal sealed class LogicalDecodingCheck : INodeCheck
{
    public string Name => "logical decoding";

    public async ValueTask RunAsync(NodeExamination server, CancellationToken cancellation)
    {
        var level = await server.SettingAsync("wal_level", cancellation).ConfigureAwait(false);
        if (level != "logical")
        {
            server.Error("wal_level", $"it is {level}: no change can be streamed.", "ALTER SYSTEM SET wal_level = 'logical'; then restart PostgreSQL.");
        }

        await FreeAsync(server, "max_replication_slots", "SELECT count(*) FROM pg_replication_slots WHERE slot_name NOT LIKE 'insta%'", cancellation)
            .ConfigureAwait(false);
        await FreeAsync(server, "max_wal_senders", "SELECT count(*) FROM pg_stat_replication WHERE application_name NOT LIKE 'insta%'", cancellation)
            .ConfigureAwait(false);
        if (await server.NumberAsync("max_slot_wal_keep_size", cancellation).ConfigureAwait(false) < 0)
        {
            server.Warning("max_slot_wal_keep_size", "it is unlimited: a stream that nobody reads fills the disk.",
                "ALTER SYSTEM SET max_slot_wal_keep_size = '16GB'; SELECT pg_reload_conf(); (a lost slot costs a rebuild, a full disk an outage).");
        }

        var slots = await server.RowsAsync(
            "SELECT slot_name, wal_status FROM pg_replication_slots WHERE wal_status IN ('unreserved', 'lost') AND database = current_database()",
            static row => (Name: row.GetString(0), Status: row.GetString(1)),
            cancellation).ConfigureAwait(false);
        foreach (var slot in slots)
        {
            server.Warning("slot", $"slot {slot.Name} is {slot.Status}: its reader was away for more than max_slot_wal_keep_size.",
                "the role changes makes a lost one anew, with a gap; start it, or drop the slot with pg_drop_replication_slot.");
        }
    }

    private static async ValueTask FreeAsync(NodeExamination server, string setting, string usedSql, CancellationToken cancellation)
    {
        var limit = await server.NumberAsync(setting, cancellation).ConfigureAwait(false);
        var others = await server.QueryAsync<long>(usedSql, cancellation).ConfigureAwait(false);
        // One of ours for each database of the cluster that is a node, and one to make anew beside a lost one.
        if (limit - others < 2)
        {
            server.Error(setting, $"{others} of {limit} are others': none is left for the change stream.",
                $"ALTER SYSTEM SET {setting} = {others + 10}; then restart PostgreSQL.");
        }
    }
}

using System.CommandLine;
using InstaGrpc.ChangeLog;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta doctor</c></summary>
internal static class DoctorCommand
{
    private const int _faults = 1;

    public static Command Create()
    {
        var data = OperatorSession.DataOption();
        var command = new Command("doctor", """
            Look at every server for what would break a promise of the mesh (wal_level, slots, rights, owners, poolers, versions, replica
            identities, clocks, meta commands, the broker), and say how to mend each. Changes nothing. Exit code 1: there is a fault.
            """) { data };
        command.SetAction(async (parsed, ct) =>
        {
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            var findings = await new PostgresDoctor(session.Postgres, TimeProvider.System).ExamineAsync(ct);
            var rows = findings.Select(finding =>
                (string[])[finding.Severity.ToString().ToLowerInvariant(), finding.Node.Value, finding.Check, finding.Problem, finding.Fix]).ToList();
            rows.AddRange(await MemcachedAsync(session, ct));
            rows.AddRange(await KafkaAsync(session, ct));
            var faults = rows.Count(row => row[0] == "error");
            if (rows.Count > 0) TextTable.Write(Console.Out, ["severity", "where", "check", "what", "do"], rows);
            Console.WriteLine(rows.Count == 0 ? "no fault found" : $"{faults} faults, {rows.Count - faults} warnings");
            return faults > 0 ? _faults : 0;
        });
        return command;
    }

    private static async Task<List<string[]>> MemcachedAsync(OperatorSession session, CancellationToken ct)
    {
        if (!session.HasMemcached)
        {
            return [["warning", "-", "memcached", "none is named: everything is read uncached", "set Insta:Memcached:Servers"]];
        }
        var rows = new List<string[]>();
        foreach (var server in session.Memcached.Servers)
        {
            try
            {
                await server.ConnectAsync(ct);
            }
            catch (MetaCommandsUnsupportedException e)
            {
                rows.Add(["error", server.Address, "memcached", e.Message, "run memcached 1.6.18 or later there"]);
            }
            catch (MemcachedException e)
            {
                rows.Add(["error", server.Address, "memcached", e.Message, "start it, or change Insta:Memcached:Servers"]);
            }
        }
        return rows;
    }

    private static async Task<List<string[]>> KafkaAsync(OperatorSession session, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(session.Configuration["Insta:Kafka:BootstrapServers"]))
        {
            return [["warning", "-", "kafka", "none is named: nothing streams", "set Insta:Kafka:BootstrapServers"]];
        }
        try
        {
            await session.Log.CheckAsync(ct);
            return [];
        }
        catch (ChangeLogException e)
        {
            var message = e.Message.ReplaceLineEndings(" ");
            return [["error", session.Configuration["Insta:Kafka:BootstrapServers"]!, "kafka", message, "start it, or change Insta:Kafka:BootstrapServers"]];
        }
    }
}

using System.CommandLine;
using System.Globalization;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;
using InstaGrpc.Services.Changes;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta changes status</c></summary>
internal static class ChangesCommand
{
    public static Command Create() => new("changes", "Look at the change streams.") { Status() };

    private static Command Status()
    {
        var data = OperatorSession.DataOption();
        var command = new Command("status", "Print, for each node, where its slot, its topic and each memcached server's watermark stand.") { data };
        command.SetAction(async (parsed, ct) =>
        {
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            var lines = await new ChangeStreamReport(session.Postgres, session.Log).ReadAsync(ct);
            TextTable.Write(Console.Out, ["node", "slot", "state", "unconfirmed", "topic's end", "newest commit"],
                lines.Select(line => (string[])
                [
                    line.Node.Value, line.Slot, line.State, line.LagBytes is { } lag ? lag.ToString("N0", CultureInfo.InvariantCulture) + " bytes" : "-",
                    line.Published?.ToString() ?? "-", line.PublishedAt is { } commit ? Ago(DateTimeOffset.UtcNow - commit) : "-",
                ]));
            Console.WriteLine();
            if (!session.HasMemcached)
            {
                Console.WriteLine("no memcached is named: everything is read uncached");
                return;
            }
            var marks = new List<string[]>();
            foreach (var node in session.Postgres.AllNodes)
            {
                foreach (var server in session.Memcached.Servers)
                {
                    marks.Add([node.Value, server.Address, .. await WatermarkAsync(server, KeyLayout.Watermark(session.Prefix, node), ct)]);
                }
            }
            TextTable.Write(Console.Out, ["node", "memcached", "generation", "lo", "hi", "as of", "owner", "contracts"], marks);
        });
        return command;
    }

    private static async Task<string[]> WatermarkAsync(MemcachedServer server, byte[] key, CancellationToken ct)
    {
        try
        {
            var reply = await server.GetAsync(key, new MetaGet { Return = MetaReturn.Value }, ct);
            return reply.Value is { } value && Watermark.TryRead(value) is { } mark
                ? [
                    mark.Generation.ToString("x16", CultureInfo.InvariantCulture), mark.Lo.ToString(), mark.Hi.ToString(), Ago(DateTime.UtcNow - mark.AsOf),
                    mark.Owner.ToString(CultureInfo.InvariantCulture), mark.Contracts.Number.ToString(CultureInfo.InvariantCulture),
                ]
                : ["absent: reads of this node here are uncached", "-", "-", "-", "-", "-"];
        }
        catch (MemcachedException e)
        {
            return [e.Message, "-", "-", "-", "-", "-"];
        }
    }

    private static string Ago(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s ago");
}

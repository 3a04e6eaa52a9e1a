using System.CommandLine;
using System.Globalization;
using InstaGrpc.Host.Client;
using InstaGrpc.Host.Demo;
using InstaGrpc.Postgres;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta demo</c></summary>
internal static class DemoCommand
{
    private const int _wrong = 1;

    public static Command Create()
    {
        var data = OperatorSession.DataOption();
        var media = new Option<long?>("--media") { Description = "Id of the post to update; the newest of the demo's by default." };
        var updates = new Option<int>("--updates") { Description = "Updates, one after the other.", DefaultValueFactory = _ => 100 };
        var readers = new Option<int>("--readers") { Description = "Readers that ask all the time.", DefaultValueFactory = _ => 64 };
        var command = new Command("demo", """
            Update a post with plain SQL, past every service, while readers ask for it all the time, and print how long its cached copy lived on,
            what that cost PostgreSQL, and whether anybody was told something old after the mark. Exit code 1: somebody was.
            """) { media, updates, readers, data };
        command.SetAction(async (parsed, ct) =>
        {
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            using var mesh = new MeshConnection(session.AddressOf);
            var id = parsed.GetValue(media) ?? await NewestAsync(session, ct);
            var demo = new FreshnessDemo(
                mesh, session.Postgres, session.Services.GetRequiredService<ShardRouter>(), new StreamMarks(session.Memcached, session.Prefix));
            var result = await demo.RunAsync(id, InRange(parsed.GetValue(readers), "--readers"), InRange(parsed.GetValue(updates), "--updates"), ct);
            TextTable.Write(Console.Out, ["what", "value"],
            [
                ["updates by SQL", Number(result.Updates)],
                ["commit -> marked, p50", $"{result.CommitToMarkedP50:0.0} ms"],
                ["commit -> marked, p99", $"{result.CommitToMarkedP99:0.0} ms"],
                ["not marked within 30 s", Number(result.Late)],
                ["answers to callers", Number(result.Reads)],
                ["queries of PostgreSQL for them", Number(result.Queries)],
                ["failed reads", Number(result.FailedReads)],
                ["wrong answers", Number(result.WrongAnswers)],
            ]);
            return result is { WrongAnswers: 0, Late: 0, FailedReads: 0 } ? 0 : _wrong;
        });
        return command;
    }

    private static async Task<long> NewestAsync(OperatorSession session, CancellationToken ct)
    {
        foreach (var node in session.Postgres.DataNodes)
        {
            await using var command = session.Postgres.Primary(node).CreateCommand("SELECT id FROM media WHERE NOT deleted ORDER BY id DESC LIMIT 1");
            if (await command.ExecuteScalarAsync(ct) is long id) return id;
        }
        throw new UsageException("there is no post: run `insta up` without --no-demo, or give --media ID");
    }

    private static int InRange(int value, string flag) =>
        value is > 0 and <= 10_000 ? value : throw new UsageException($"{flag} is {value}: give a number from 1 to 10000");

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

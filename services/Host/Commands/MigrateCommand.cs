using System.CommandLine;
using InstaGrpc.Postgres;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta migrate</c></summary>
internal static class MigrateCommand
{
    public static Command Create()
    {
        var data = OperatorSession.DataOption();
        var command = new Command("migrate", """
            Bring the directory and every node to this build's schema, and enter the nodes into the shard map at the first time.
            Safe to run at any time and from several places at once; what ran before is left alone.
            """) { data };
        command.SetAction(async (parsed, ct) =>
        {
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            var ran = await session.Services.GetRequiredService<Migrator>().MigrateAsync(session.Postgres, ct);
            foreach (var file in ran) Console.WriteLine(file);
            Console.WriteLine(ran.Count == 0 ? "up to date" : $"{ran.Count} migrations ran");
        });
        return command;
    }
}

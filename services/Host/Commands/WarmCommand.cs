using System.CommandLine;
using InstaGrpc.Host.Client;
using InstaGrpc.Host.Import;
using InstaGrpc.Host.Warm;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta warm</c></summary>
internal static class WarmCommand
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        var data = OperatorSession.DataOption();
        var days = new Option<int>("--days") { Description = "Users who have read their feed in so many days.", DefaultValueFactory = _ => 7 };
        var rate = new Option<double>("--rate") { Description = "Users a second, at most.", DefaultValueFactory = _ => 100 };
        var command = new Command("warm", """
            Make the timelines of active users that are not there, and fill the caches with what their first page shows and with their counts, at a
            bounded rate; after memcached was emptied or replaced. May be broken off and begun again at any point.
            """) { days, rate, data };
        command.SetAction(async (parsed, ct) =>
        {
            var (asked, perSecond) = (parsed.GetValue(days), parsed.GetValue(rate));
            if (asked is < 1 or > 365) throw new UsageException($"--days is {asked}: give a number from 1 to 365");
            if (perSecond is not (>= 0.1 and <= 100_000)) throw new UsageException($"--rate is {perSecond}: give a number from 0.1 to 100000");
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            using var mesh = new MeshConnection(session.AddressOf, _patience);
            var readers = new ActiveReaders(session.Postgres, TimeSpan.FromDays(asked));
            var warming = new FeedWarming(mesh, perSecond);
            using (var progress = new Progress(Console.Out, "users", await readers.CountAsync(ct), !Console.IsOutputRedirected))
            {
                await warming.RunAsync(readers.ReadAsync(ct), progress, ct);
            }

            Console.WriteLine($"{warming.Warmed} users warmed, {warming.Gone} are not there any more");
        });
        return command;
    }
}

using System.CommandLine;
using System.Diagnostics;
using InstaGrpc.Host.Client;
using InstaGrpc.Host.Import;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta import graph|verify</c></summary>
internal static class ImportCommand
{
    private const int _different = 1;
    private const int _shownDifferences = 20;
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    public static Command Create() => new("import", "Bring real input into a running mesh, and compare it afterwards.") { Graph(), Verify() };

    private static Command Graph()
    {
        var file = File();
        var data = OperatorSession.DataOption();
        var posts = new Option<int>("--posts") { Description = "Posts of each person.", DefaultValueFactory = _ => 1 };
        var command = new Command("graph", """
            Make an edge list (one `a b` pair a line, undirected) into users named by their number, follows (a friendship is two) and posts,
            through the services. May be interrupted and run again: what is there is left alone.
            """) { file, posts, data };
        command.SetAction(async (parsed, ct) =>
        {
            var count = parsed.GetValue(posts);
            if (count is < 0 or > 1000) throw new UsageException($"--posts is {count}: give a number from 0 to 1000");
            var edges = EdgeList.Read(parsed.GetValue(file)!);
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            using var mesh = new MeshConnection(session.AddressOf, _patience);
            var watch = Stopwatch.StartNew();
            await new GraphImport(mesh, edges, count, Console.Out, !Console.IsOutputRedirected).RunAsync(ct);
            Console.WriteLine(
                $"{edges.People.Count} people, {edges.Follows} follows, {edges.People.Count * count} posts in {watch.Elapsed.TotalSeconds:0.0} s");
        });
        return command;
    }

    private static Command Verify()
    {
        var file = File();
        var data = OperatorSession.DataOption();
        var wait = new Option<int>("--wait")
        {
            Description = "Seconds within which what follows the change stream (counts, followers, feeds) must have come.", DefaultValueFactory = _ => 60,
        };
        var command = new Command("verify", """
            Compare every imported person's counts, follow lists, posts and home feed (page by page, to its end), read through the caches, with SQL.
            Exit code 1: something differs.
            """) { file, wait, data };
        command.SetAction(async (parsed, ct) =>
        {
            var seconds = parsed.GetValue(wait);
            if (seconds is < 0 or > 3600) throw new UsageException($"--wait is {seconds}: give a number of seconds from 0 to 3600");
            var edges = EdgeList.Read(parsed.GetValue(file)!);
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            using var mesh = new MeshConnection(session.AddressOf, _patience);
            var watch = Stopwatch.StartNew();
            var truth = await GraphTruth.ReadAsync(session.Postgres, ct);
            var verification = new GraphVerification(
                mesh, edges, truth, TimeSpan.FromSeconds(seconds), Console.Out, !Console.IsOutputRedirected);
            var differences = await verification.RunAsync(ct);
            foreach (var difference in differences.Take(_shownDifferences)) Console.WriteLine(difference);
            Console.WriteLine(differences.Count == 0
                ? $"no difference: {edges.People.Count} people, {edges.Follows} follows, {verification.FeedPages} pages of home feeds compared in "
                    + $"{watch.Elapsed.TotalSeconds:0.0} s"
                : $"{differences.Count} differences");
            return differences.Count == 0 ? 0 : _different;
        });
        return command;
    }

    private static Argument<string> File() => new("file") { Description = "The edge list." };
}

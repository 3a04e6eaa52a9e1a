using System.CommandLine;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Projector;
using InstaGrpc.Timelines;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta rebuild</c></summary>
internal static class RebuildCommand
{
    public static Command Create()
    {
        var data = OperatorSession.DataOption();
        var node = new Option<string>("--node") { Description = "The node whose rows are derived from; all nodes when it is not given." };
        var command = new Command("rebuild", """
            Derive anew from the rows what the projector keeps: counts, inverse edges, fan-out jobs of the last 7 days, notifications of the last
            30 days, words to search by. Changes only what is wrong, runs beside a living projector, and may be broken off and begun again at
            any point.
            """) { node, data };
        command.SetAction(async (parsed, ct) =>
        {
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            var options = session.Configuration.GetSection(ProjectorOptions.Section).Get<ProjectorOptions>() ?? new ProjectorOptions();
            if (new ProjectorOptionsValidation().Validate(null, options) is { Failed: true } faults) throw new UsageException(faults.FailureMessage);
            var rebuild = new ProjectionRebuild(
                session.Postgres, session.Services.GetRequiredService<ShardRouter>(), options,
                session.Configuration.GetSection("Insta:Feed").Get<FanoutOptions>() ?? new FanoutOptions(), TimeProvider.System);
            foreach (var name in Chosen(session.Postgres, parsed.GetValue(node))) await rebuild.RunAsync(name, new Lines(), ct);
        });
        return command;
    }

    private static IReadOnlyList<NodeName> Chosen(NodePool pool, string? name) =>
        name is null ? pool.DataNodes
        : NodeName.TryParse(name, out var node) && pool.DataNodes.Contains(node) ? [node]
        : throw new UsageException($"there is no node '{name}': choose from {string.Join(", ", pool.DataNodes)}");

    /// <summary>A line for each step of the work; at once, not on another thread, so that they come in order.</summary>
    private sealed class Lines : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value)
        {
            var total = value.Total > value.Done ? $" of {value.Total}" : "";
            Console.WriteLine($"{value.Node}: {value.Step} {value.Done}{total}, {value.Changed} rows were wrong");
        }
    }
}

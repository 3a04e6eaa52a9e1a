using System.CommandLine;
using InstaGrpc.Embedded;
using InstaGrpc.Host.Lifecycle;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta down</c></summary>
internal static class DownCommand
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(15);

    public static Command Create()
    {
        var data = UpCommand.DataOption();
        var command = new Command("down", "Stop what `insta up` runs on the data folder, also what a killed run has left. The data stay.")
        {
            data,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var folder = new DataFolder(parsed.GetValue(data)!);
            var stopped = await StopAsync(folder, ct);
            Console.WriteLine(stopped ? $"stopped what ran on {folder.Path}" : $"nothing runs on {folder.Path}");
        });
        return command;
    }

    /// <summary>True when something was stopped.</summary>
    public static async Task<bool> StopAsync(DataFolder folder, CancellationToken ct)
    {
        var stopped = await FolderOwnership.StopOwnerAsync(folder.Path, _limit, ct);
        if (!FolderOwnership.WasOwned(folder.Path)) return stopped;
        using var owned = await folder.TakeAsync(ct);
        await folder.StopLeftoversAsync(
            line =>
            {
                stopped = true;
                Console.WriteLine(line);
            }, ct);
        File.Delete(folder.EndpointsFile);
        return stopped;
    }
}

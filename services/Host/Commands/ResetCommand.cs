using System.CommandLine;
using InstaGrpc.Embedded;
using InstaGrpc.Host.Lifecycle;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta reset</c></summary>
internal static class ResetCommand
{
    public static Command Create()
    {
        var data = UpCommand.DataOption();
        var command = new Command("reset", "Stop what `insta up` runs on the data folder and delete its data: the next start is the first.")
        {
            data,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var folder = new DataFolder(parsed.GetValue(data)!);
            if (!Directory.Exists(folder.Path))
            {
                Console.WriteLine($"there is nothing in {folder.Path}");
                return;
            }
            // A folder that no `insta up` ever owned may be anything: a mistyped --data must not delete it.
            if (!FolderOwnership.WasOwned(folder.Path))
            {
                throw new UsageException($"{folder.Path} is not a data folder of `insta up`: nothing was deleted");
            }
            await DownCommand.StopAsync(folder, ct);
            var postgres = await EmbeddedPostgres.ResolveDataFolderAsync(folder.Postgres().DataFolder, ct);
            if (Directory.Exists(postgres)) Directory.Delete(postgres, recursive: true);
            Directory.Delete(folder.Path, recursive: true);
            var elsewhere = !postgres.StartsWith(folder.Path, StringComparison.Ordinal);
            Console.WriteLine($"deleted {folder.Path}{(elsewhere ? " and " + postgres : "")}");
        });
        return command;
    }
}

using System.Diagnostics;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>
/// The version before this one, built from its commit: what <c>INSTA_RELEASED</c> names, else the newest tag <c>v*</c> before this commit, else what the file
/// <c>Upgrades/released-commit</c> names. A clone without that commit (a shallow one) has none.
/// </summary>
internal static class Release
{
    /// <summary>Null: there is none in this clone.</summary>
    public static string? Commit { get; } = Find();

    /// <summary>Builds it once, into the checkout's state folder, with its own script.</summary>
    public static async Task<InstaProgram> BuildAsync()
    {
        var folder = Path.Combine(Checkout.StateFolder, "released", Commit!);
        var extracted = Path.Combine(folder, ".extracted");
        if (!File.Exists(extracted))
        {
            Directory.CreateDirectory(folder);
            await RunAsync("bash", "-c", "set -o pipefail; git -C \"$1\" archive \"$2\" | tar -x -C \"$3\"", "bash", Checkout.Root, Commit!, folder);
            await File.WriteAllTextAsync(extracted, "");
        }

        // Whatever its script needs before it can run a command: a build, where there is none yet.
        await using (var script = InstaProcess.StartProgram(
            Path.Combine(folder, "insta"), new Dictionary<string, string> { ["INSTA_STATE"] = Path.Combine(folder, ".insta") }, "roles"))
        {
            var code = await script.ExitAsync(TimeSpan.FromMinutes(12));
            Assert.True(code == 0, string.Join('\n', script.Output));
        }

        return InstaProgram.Built with { File = Path.Combine(folder, "services", "Host", "bin", "Release", "net10.0", "insta") };
    }

    private static string? Find()
    {
        var named = Path.Combine(Checkout.Root, "tests", "Operations", "Upgrades", "released-commit");
        string?[] names =
        [
            Environment.GetEnvironmentVariable("INSTA_RELEASED"), Git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^"),
            File.Exists(named) ? File.ReadAllText(named).Trim() : null,
        ];
        return names.FirstOrDefault(static name => !string.IsNullOrEmpty(name)) is { } wanted ? Git("rev-parse", "--verify", $"{wanted}^{{commit}}") : null;
    }

    /// <summary>Null: git is not there, or says no.</summary>
    private static string? Git(params string[] arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", ["-C", Checkout.Root, .. arguments])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            var output = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        await using var process = InstaProcess.StartProgram(program, null, arguments);
        Assert.True(await process.ExitAsync() == 0, string.Join('\n', process.Output));
    }
}

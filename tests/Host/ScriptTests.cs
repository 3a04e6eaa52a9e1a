using InstaGrpc.TestFixtures;

namespace InstaGrpc.Host.Tests;

/// <summary>The script `./insta`, in a folder that has nothing else of the checkout, with the programs that it is given.</summary>
public sealed class ScriptTests
{
    private const string Dotnet = """
        #!/bin/bash
        if [ "$1" = build ]; then
            folder=$(dirname "$2")/bin/Release/net10.0
            mkdir -p "$folder"
            printf '#!/bin/bash\necho "the mesh runs: $*"\n' >"$folder/insta"
            chmod +x "$folder/insta"
        fi
        """;

    private static readonly string[] _programs =
    [
        "bash", "cat", "chmod", "cut", "dirname", "env", "find", "flock", "grep", "head", "id", "kill", "ldconfig", "mkdir", "mv",
        "readlink", "rm", "sed", "sha256sum", "sleep", "sort", "tail", "tr", "uname",
    ];

    [Theory]
    [InlineData(false, "npm is missing: no web app, the API runs without it")]
    [InlineData(true, "npm is missing: the web app is the one that was built last")]
    public async Task WithoutNpmItSaysWhatBecomesOfTheWebAppAndStartsTheMeshAllTheSame(bool wasBuilt, string says)
    {
        using var folder = TestFolder.Create();
        var bin = Directory.CreateDirectory(Path.Combine(folder.Path, "bin")).FullName;
        foreach (var program in _programs)
        {
            if (((string[])["/usr/bin", "/bin", "/sbin", "/usr/sbin"]).Select(where => Path.Combine(where, program)).FirstOrDefault(File.Exists) is { } found)
            {
                File.CreateSymbolicLink(Path.Combine(bin, program), found);
            }
        }

        await File.WriteAllTextAsync(Path.Combine(bin, "dotnet"), Dotnet);
        var root = Path.Combine(folder.Path, "checkout");
        foreach (var part in (string[])["services/Host", "services/Gateway/wwwroot", "shared", "protos"])
        {
            Directory.CreateDirectory(Path.Combine(root, part));
        }

        await File.WriteAllTextAsync(Path.Combine(root, "Directory.Build.props"), "");
        await File.WriteAllTextAsync(Path.Combine(root, "global.json"), "");
        if (wasBuilt) await File.WriteAllTextAsync(Path.Combine(root, "services/Gateway/wwwroot/index.html"), "");
        var script = Path.Combine(root, "insta");
        File.Copy(Path.Combine(Checkout.Root, "insta"), script);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.SetUnixFileMode(Path.Combine(bin, "dotnet"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        await using var insta = InstaProcess.StartProgram(
            script, new Dictionary<string, string> { ["PATH"] = bin }, "up", "--postgres", "postgres://u@h/d", "--memcached", "h:1", "--kafka", "h:2");
        var code = await insta.ExitAsync();

        Assert.True(code == 0, string.Join('\n', insta.Output));
        Assert.Contains(insta.Output, line => line.StartsWith(says, StringComparison.Ordinal));
        Assert.Equal("the mesh runs: up --postgres postgres://u@h/d --memcached h:1 --kafka h:2", insta.Output.Last());
    }
}

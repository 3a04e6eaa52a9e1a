using System.Diagnostics;

namespace InstaGrpc.Contracts.Tests;

/// <summary>The contracts against buf's rules and against the last release.</summary>
public sealed class BufTests
{
    [Fact]
    public async Task TheContractsPassLint()
    {
        var (code, output) = await BufAsync(Checkout.Root, "lint");

        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task TheContractsAreFormatted()
    {
        var (code, output) = await BufAsync(Checkout.Root, "format", "--diff", "--exit-code");

        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task TheContractsBreakNobodyWhoUsesTheLastRelease()
    {
        var (code, output) = await BufAsync(Checkout.Root, "breaking", "--against",
            Path.Combine(Checkout.Root, "protos", "released.binpb"));

        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task ARemovedFieldIsRefused()
    {
        var folder = Directory.CreateTempSubdirectory("insta-buf-").FullName;
        try
        {
            File.Copy(Path.Combine(Checkout.Root, "buf.yaml"), Path.Combine(folder, "buf.yaml"));
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Checkout.Root, "protos", "insta"), "*.proto",
                SearchOption.AllDirectories))
            {
                var copy = Path.Combine(folder, Path.GetRelativePath(Checkout.Root, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                var text = await File.ReadAllTextAsync(file);
                const string Removed = "  string caption = 3;\n";
                await File.WriteAllTextAsync(copy, file.EndsWith("media.proto", StringComparison.Ordinal)
                    ? text.Contains(Removed, StringComparison.Ordinal)
                        ? text.Replace(Removed, "", StringComparison.Ordinal)
                        : throw new InvalidOperationException("the field is gone")
                    : text);
            }

            var (code, output) = await BufAsync(folder, "breaking", "--against", Path.Combine(Checkout.Root, "protos", "released.binpb"));

            Assert.NotEqual(0, code);
            Assert.Contains("caption", output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(int Code, string Output)> BufAsync(string folder, params string[] arguments)
    {
        var project = Path.Combine(Checkout.Root, "tests", "Contracts");
        var buf = Path.Combine(project, "node_modules", ".bin", "buf");
        if (!File.Exists(buf))
        {
            var (code, output) = await RunAsync(project, "npm", "install", "--no-save", "--no-audit", "--no-fund");
            Assert.True(code == 0, output);
        }

        return await RunAsync(folder, buf, arguments);
    }

    private static async Task<(int Code, string Output)> RunAsync(string folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output + await errors);
    }
}

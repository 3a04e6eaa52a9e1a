using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace InstaGrpc.Ratios.Images;

/// <summary>npm's sharp in a process of its own.</summary>
internal sealed class SharpPeer : IAsyncDisposable
{
    private const string Version = "0.35.5";

    private readonly Process _process;

    private SharpPeer(Process process) => _process = process;

    /// <summary>Bytes, the most it ever had in memory.</summary>
    public long PeakMemory { get; private set; }

    /// <summary>Bytes of the files of the last round.</summary>
    public long Bytes { get; private set; }

    /// <summary>Installs it, once.</summary>
    /// <returns>Its folder, and the libvips that it brings.</returns>
    public static async Task<(string Sharp, string Libvips)> InstallAsync(string folder, CancellationToken cancellation)
    {
        var sharp = Path.Combine(folder, "node_modules", "sharp");
        if (!Directory.Exists(sharp))
        {
            Directory.CreateDirectory(folder);
            using var npm = Process.Start("npm", ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", $"sharp@{Version}"]);
            await npm.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }

        var libvips = Directory.Exists(sharp)
            ? Directory.EnumerateFiles(Path.Combine(folder, "node_modules", "@img"), "libvips-cpp.so.*", SearchOption.AllDirectories).FirstOrDefault()
            : null;
        return libvips is null ? throw new InvalidOperationException($"npm installed no sharp {Version} in {folder}") : (sharp, libvips);
    }

    /// <param name="sharp">Its folder.</param>
    /// <param name="photos">A folder of JPEGs.</param>
    /// <param name="threads">Of libvips for one photo; 0: as it comes.</param>
    public static async Task<SharpPeer> StartAsync(string sharp, string photos, int threads)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Images", "sharp.mjs");
        var process = Process.Start(new ProcessStartInfo("node", [script, sharp, photos, threads.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("node did not start");
        var peer = new SharpPeer(process);
        await peer.LineAsync().ConfigureAwait(false);
        return peer;
    }

    /// <returns>Photos a second.</returns>
    public async Task<double> RunAsync(string format, int photos)
    {
        await _process.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{format} {photos}")).ConfigureAwait(false);
        await _process.StandardInput.FlushAsync().ConfigureAwait(false);
        using var answer = JsonDocument.Parse(await LineAsync().ConfigureAwait(false));
        PeakMemory = answer.RootElement.GetProperty("maxRss").GetInt64();
        Bytes = answer.RootElement.GetProperty("bytes").GetInt64();
        return photos / answer.RootElement.GetProperty("seconds").GetDouble();
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task<string> LineAsync() =>
        await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) ?? throw new InvalidOperationException("sharp ended");
}

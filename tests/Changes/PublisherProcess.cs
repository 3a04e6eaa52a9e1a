using System.Diagnostics;

namespace InstaGrpc.Services.Changes.Tests;

/// <summary>The role <c>changes</c> in a process of its own.</summary>
internal sealed class PublisherProcess : IAsyncDisposable
{
    private readonly Process _process;

    private PublisherProcess(Process process) => _process = process;

    public static PublisherProcess Start(params string[] settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true };
        start.ArgumentList.Add(typeof(ChangesInstance).Assembly.Location);
        foreach (var setting in settings)
        {
            start.ArgumentList.Add(setting);
        }

        return new PublisherProcess(Process.Start(start)!);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}

using System.Diagnostics;

namespace InstaGrpc.Services.Projector.Tests;

/// <summary>The role <c>projector</c> in a process of its own.</summary>
internal sealed class ProjectorProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ProjectorProcess(Process process) => _process = process;

    public static ProjectorProcess Start(IEnumerable<string> settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true };
        start.ArgumentList.Add(typeof(ProjectorInstance).Assembly.Location);
        foreach (var setting in settings)
        {
            start.ArgumentList.Add(setting);
        }

        return new ProjectorProcess(Process.Start(start)!);
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

using System.Diagnostics;
using InstaGrpc.Embedded.Internal;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Embedded.Tests;

public sealed class FolderOwnershipTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AFolderHasOneOwner()
    {
        using var first = await FolderOwnership.TryTakeAsync(_folder.Path);

        Assert.NotNull(first);
        Assert.Null(await FolderOwnership.TryTakeAsync(_folder.Path));
        Assert.Equal(Environment.ProcessId, FolderOwnership.OwnerOf(_folder.Path));
    }

    /// <summary>The threads of a process end one by one: it is a zombie before the kernel has closed its files.</summary>
    [Fact]
    public async Task AnOwnerThatIsDeadButStillHoldsTheLockIsWaitedFor()
    {
        using (await FolderOwnership.TryTakeAsync(_folder.Path))
        {
        }
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "owner.pid"), await DeadProcessAsync());
        var dying = FileLock.TryAcquire(Path.Combine(_folder.Path, "owner.lock"));

        var taking = FolderOwnership.TryTakeAsync(_folder.Path);
        Assert.False(taking.IsCompleted);
        dying!.Dispose();

        using var taken = await taking;
        Assert.NotNull(taken);
    }

    private static async Task<string> DeadProcessAsync()
    {
        using var process = Process.Start("sleep", ["60"]);
        var identity = ProcessIdentity.Of(process.Id)!.Value;
        process.Kill();
        await process.WaitForExitAsync();
        Assert.False(identity.IsAlive);
        return identity.ToString();
    }
}

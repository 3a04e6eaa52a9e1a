namespace InstaGrpc.Contracts.Tests;

/// <summary>
/// What outsiders rely on stands in files that a review sees change. <c>INSTA_UPDATE_SNAPSHOTS=1 dotnet test tests/Contracts</c> writes
/// them anew.
/// </summary>
public sealed class SnapshotTests
{
    private const string Begin = "<!-- begin: every RPC (generated; INSTA_UPDATE_SNAPSHOTS=1 dotnet test tests/Contracts) -->\n";
    private const string End = "<!-- end: every RPC -->\n";

    [Fact]
    public void ThePolicySnapshotIsTheResolvedTable()
    {
        var path = Path.Combine(Checkout.Root, "protos", "policy.snapshot.txt");
        Compare(path, PolicyTable.Render(ContractCatalog.Read(InstaContracts.Services)));
    }

    [Fact]
    public void TheReadmeOfTheProtosListsEveryRpc()
    {
        var path = Path.Combine(Checkout.Root, "protos", "README.md");
        var text = File.ReadAllText(path);
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= 0 && end > begin, $"{path} has lost its markers");

        Compare(path, text[..(begin + Begin.Length)] + PolicyTable.RenderMarkdown(ContractCatalog.Read(InstaContracts.Services))
            + text[end..]);
    }

    private static void Compare(string path, string expected)
    {
        if (Environment.GetEnvironmentVariable("INSTA_UPDATE_SNAPSHOTS") is { Length: > 0 })
        {
            File.WriteAllText(path, expected);
        }

        Assert.Equal(expected, File.Exists(path) ? File.ReadAllText(path) : "");
    }
}

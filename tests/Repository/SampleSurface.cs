namespace InstaGrpc.Repository.Tests;

/// <summary>A bit of everything, for the test of <see cref="PublicSurface"/>.</summary>
public sealed class SampleSurface(int count = 3) : IDisposable
{
    public const long Limit = 7;

    public string? Name { get; init; }

    internal int Hidden => count;

    public static Task<string?> Find<T>(IEnumerable<T> all, out string?[] names, params int?[] counts)
    {
        names = [.. all.Select(item => item?.ToString())];
        return Task.FromResult(names.ElementAtOrDefault(counts.Length));
    }

    public void Dispose()
    {
    }

    public override string ToString() => Name ?? "";
}

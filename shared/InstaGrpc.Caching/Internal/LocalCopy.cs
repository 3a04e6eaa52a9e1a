namespace InstaGrpc.Caching.Internal;

/// <summary>An entry's copy in this process.</summary>
internal sealed class LocalCopy
{
    public object? Message { get; set; }
}

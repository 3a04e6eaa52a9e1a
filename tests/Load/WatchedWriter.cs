namespace InstaGrpc.Load.Tests;

/// <summary>Does something when a line begins like this for the first time.</summary>
internal sealed class WatchedWriter(string begins, Func<Task> then) : StringWriter
{
    private Task? _done;

    public override void WriteLine(string? value)
    {
        base.WriteLine(value);
        if (value?.StartsWith(begins, StringComparison.Ordinal) == true) _done ??= then();
    }
}

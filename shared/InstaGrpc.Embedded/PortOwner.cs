namespace InstaGrpc.Embedded;

/// <summary>The process that listens on a port.</summary>
/// <param name="Pid">Process id; null when it belongs to another account and the system does not tell.</param>
/// <param name="Command">Its command line, or its account's id when that is all the system tells.</param>
public readonly record struct PortOwner(int? Pid, string Command)
{
    public override string ToString() => Pid is { } pid ? $"process {pid} ({Command})" : Command;
}

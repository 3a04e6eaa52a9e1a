namespace InstaGrpc.Host;

/// <summary>
/// Something that whoever ran the command can put right. The message is one line: what is wrong and what to change. Exit code 2.
/// </summary>
internal sealed class UsageException(string message) : Exception(message);

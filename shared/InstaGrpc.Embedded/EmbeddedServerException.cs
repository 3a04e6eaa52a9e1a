namespace InstaGrpc.Embedded;

/// <summary>A server could not be started or stopped. The message is one line that says what happened and what to change.</summary>
public sealed class EmbeddedServerException(string message, Exception? inner = null) : Exception(message, inner);

namespace InstaGrpc.Caching;

/// <summary>The time that a read may take (<see cref="ReadConditions.Remaining"/>, else its method's deadline) ended before there was an answer. Answer
/// DEADLINE_EXCEEDED.</summary>
public sealed class ReadOverdueException(string message) : Exception(message);

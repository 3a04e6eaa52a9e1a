namespace InstaGrpc.Caching;

/// <summary>A node has all the handler runs that it may have, and this one's turn did not come. Answer RESOURCE_EXHAUSTED.</summary>
public sealed class AdmissionRefusedException(string message) : Exception(message);

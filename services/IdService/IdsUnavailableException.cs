namespace InstaGrpc.Services.IdService;

/// <summary>There is no window to make ids in. The message says why, and may be shown to callers.</summary>
public sealed class IdsUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

namespace InstaGrpc.Services.Changes;

/// <summary>A node's changes can't be published as things are: the message says what to change.</summary>
public sealed class PublisherException(string message, Exception? inner = null) : Exception(message, inner);

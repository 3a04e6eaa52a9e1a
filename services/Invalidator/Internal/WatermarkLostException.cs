namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>The server's watermark is not what this lineage wrote last: begin again from what the server says.</summary>
internal sealed class WatermarkLostException(string message) : Exception(message);

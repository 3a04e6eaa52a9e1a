namespace Grpc.Core;

/// <summary>Whether each side of a call sends one message or a stream.</summary>
public enum MethodType
{
    Unary,
    ClientStreaming,
    ServerStreaming,
    DuplexStreaming,
}

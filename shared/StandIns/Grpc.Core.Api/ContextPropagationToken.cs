namespace Grpc.Core;

/// <summary>Made by <see cref="ServerCallContext.CreatePropagationToken"/>, given to calls made while serving that call.</summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken()
    {
    }
}

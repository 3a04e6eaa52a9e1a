using Grpc.Core;

namespace InstaGrpc.Mesh;

/// <summary>Something that the call needs can't be had at the moment: UNAVAILABLE. Clients repeat what may be repeated.</summary>
public sealed class UnavailableException : DomainException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is missing, in words for the caller.</param>
    /// <param name="inner">The cause; logged, never sent.</param>
    public UnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <inheritdoc/>
    public override StatusCode StatusCode => StatusCode.Unavailable;
}

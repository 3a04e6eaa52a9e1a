namespace Grpc.Core;

/// <summary>A method of a service, without its message types.</summary>
public interface IMethod
{
    MethodType Type { get; }

    /// <summary>The service with its package, e.g. <c>insta.media.v1.MediaService</c>.</summary>
    string ServiceName { get; }

    /// <summary>The method alone, e.g. <c>GetMedia</c>.</summary>
    string Name { get; }

    /// <summary>The path on the wire, e.g. <c>/insta.media.v1.MediaService/GetMedia</c>.</summary>
    string FullName { get; }
}

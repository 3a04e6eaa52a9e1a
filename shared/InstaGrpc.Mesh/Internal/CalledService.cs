using Google.Protobuf.Reflection;

namespace InstaGrpc.Mesh.Internal;

/// <summary>A service that this process calls.</summary>
internal sealed record CalledService(ServiceDescriptor Descriptor);

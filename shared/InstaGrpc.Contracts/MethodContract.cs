using Google.Protobuf.Reflection;

namespace InstaGrpc.Contracts;

/// <summary>One method: its descriptor and what it declares.</summary>
public sealed class MethodContract
{
    private readonly Lazy<byte[]> _schemaHash;

    internal MethodContract(MethodDescriptor descriptor, MethodPolicy policy)
    {
        Descriptor = descriptor;
        Policy = policy;
        FullName = NameOf(descriptor);
        _schemaHash = new(() => Internal.SchemaHash.Of(descriptor));
    }

    /// <summary>"insta.media.v1.MediaService/GetMedia".</summary>
    public string FullName { get; }

    /// <summary>"GetMedia".</summary>
    public string Name => Descriptor.Name;

    /// <summary>"insta.media.v1.MediaService".</summary>
    public string ServiceFullName => Descriptor.Service.FullName;

    /// <summary>"media": the part of the package before its version; the name under which the service calls others.</summary>
    public string ServiceName => ShortNameOf(Descriptor.Service);

    /// <summary>The method's descriptor.</summary>
    public MethodDescriptor Descriptor { get; }

    /// <summary>What it declares, resolved.</summary>
    public MethodPolicy Policy { get; }

    /// <summary>Whether the method is unary.</summary>
    public bool IsUnary => !Descriptor.IsClientStreaming && !Descriptor.IsServerStreaming;

    /// <summary>
    /// SHA-256 over the response's schema (with everything that it contains) and the declared policy: two builds of a service whose
    /// hashes differ must not read each other's cached bytes.
    /// </summary>
    public ReadOnlySpan<byte> SchemaHash => _schemaHash.Value;

    /// <summary>The full name of a descriptor's method.</summary>
    public static string NameOf(MethodDescriptor method) => $"{method.Service.FullName}/{method.Name}";

    /// <summary>"media" for insta.media.v1.MediaService, "orders" for acme.orders.OrdersService.</summary>
    public static string ShortNameOf(ServiceDescriptor service)
    {
        var parts = service.File.Package.Split('.', StringSplitOptions.RemoveEmptyEntries);
        var last = parts.Length - 1;
        if (last >= 0 && IsVersion(parts[last]))
        {
            last--;
        }

        var name = (last >= 0 ? parts[last] : service.Name).ToLowerInvariant().Replace('_', '-');
        return name.Length <= 32 ? name : name[..32];
    }

    /// <inheritdoc/>
    public override string ToString() => FullName;

    private static bool IsVersion(string part) => part.Length > 1 && part[0] == 'v' && char.IsAsciiDigit(part[1]);
}

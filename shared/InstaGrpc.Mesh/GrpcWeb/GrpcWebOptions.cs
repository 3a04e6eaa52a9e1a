namespace InstaGrpc.Mesh.GrpcWeb;

/// <summary>gRPC-Web. Configuration section <c>Insta:GrpcWeb</c>.</summary>
public sealed class GrpcWebOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:GrpcWeb";

    /// <summary>
    /// Other origins whose pages may call: "https://app.example.org"; "*" is every one. A page that this process serves itself needs no entry.
    /// </summary>
    /// <value>Empty: none.</value>
    public IList<string> Origins { get; set; } = [];

    /// <summary>The largest request of the text format, in bytes of base64: it is decoded as a whole.</summary>
    /// <value>6 MiB.</value>
    public int LargestTextRequest { get; set; } = 6 * 1024 * 1024;

    internal bool IsOn { get; set; }
}

using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Mesh.GrpcWeb;

/// <summary>How a gRPC-Web request is written, and how its answer is to be.</summary>
/// <param name="TextRequest">Whether the body is base64.</param>
/// <param name="TextResponse">Whether the answer's is to be.</param>
/// <param name="Suffix">What follows the type: "+proto" or nothing.</param>
internal readonly record struct GrpcWebFormat(bool TextRequest, bool TextResponse, string Suffix)
{
    private const string Binary = "application/grpc-web";
    private const string Text = "application/grpc-web-text";

    /// <summary>The answer's content type.</summary>
    public string ResponseType => (TextResponse ? Text : Binary) + Suffix;

    /// <summary>Null: it is no gRPC-Web request.</summary>
    public static GrpcWebFormat? Of(HttpRequest request)
    {
        if (request.ContentType is not { } type || !type.StartsWith(Binary, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var end = type.IndexOf(';', StringComparison.Ordinal);
        var plain = (end < 0 ? type : type[..end]).TrimEnd();
        var isText = plain.StartsWith(Text, StringComparison.OrdinalIgnoreCase);
        var suffix = plain[(isText ? Text : Binary).Length..].ToLowerInvariant();
        if (suffix is not ("" or "+proto"))
        {
            return null;
        }

        // "The response's format follows the request's Accept header", and where that names neither, the request's own format.
        var accept = request.Headers.Accept.ToString();
        var wantsText = accept.Contains(Text, StringComparison.OrdinalIgnoreCase);
        return new GrpcWebFormat(isText, wantsText || (isText && !accept.Contains(Binary, StringComparison.OrdinalIgnoreCase)), suffix);
    }
}

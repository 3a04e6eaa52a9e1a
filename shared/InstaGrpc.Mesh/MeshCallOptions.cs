using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh;

/// <summary>What a single call through a mesh client may ask beyond what goes with it by itself.</summary>
public static class MeshCallOptions
{
    /// <summary>The call acts for this user; within a handler its own user is the default.</summary>
    public static CallOptions OnBehalfOf(this CallOptions options, long userId) =>
        With(options, MetadataNames.OnBehalfOf, userId.ToString(CultureInfo.InvariantCulture));

    /// <summary>The answer shows these writes.</summary>
    public static CallOptions After(this CallOptions options, ReadTokenJar tokens) =>
        tokens.Token.IsEmpty ? options : With(options, MetadataNames.ReadToken, tokens.Token.ToString());

    /// <summary>The answer is no staler than this; zero: not stale at all.</summary>
    public static CallOptions NotStalerThan(this CallOptions options, TimeSpan limit) =>
        With(options, MetadataNames.MaxStale, ((long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));

    private static CallOptions With(CallOptions options, string name, string value)
    {
        var headers = new Metadata();
        foreach (var entry in options.Headers ?? [])
        {
            headers.Add(entry);
        }

        headers.Add(name, value);
        return options.WithHeaders(headers);
    }
}

using Connectrpc.Conformance.V1;
using Google.Protobuf.Collections;
using Grpc.Core;

namespace InstaGrpc.Conformance;

/// <summary>Metadata as the suite writes it: values by key, binary ones in base64.</summary>
internal static class HeaderText
{
    public static Metadata ToMetadata(IEnumerable<Header> headers)
    {
        var metadata = new Metadata();
        AddTo(metadata, headers);
        return metadata;
    }

    public static void AddTo(Metadata metadata, IEnumerable<Header> headers)
    {
        foreach (var header in headers)
        {
            foreach (var value in header.Value)
            {
                if (header.Name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
                {
                    metadata.Add(header.Name, Convert.FromBase64String(value.PadRight((value.Length + 3) / 4 * 4, '=')));
                }
                else
                {
                    metadata.Add(header.Name, value);
                }
            }
        }
    }

    public static void AddTo(RepeatedField<Header> headers, Metadata metadata)
    {
        foreach (var entries in metadata.GroupBy(entry => entry.Key))
        {
            headers.Add(new Header
            {
                Name = entries.Key,
                Value = { entries.Select(entry => entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes).TrimEnd('=') : entry.Value) },
            });
        }
    }
}

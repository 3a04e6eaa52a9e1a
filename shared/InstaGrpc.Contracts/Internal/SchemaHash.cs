using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using InstaGrpc.Contracts.OptionsV1;

namespace InstaGrpc.Contracts.Internal;

/// <summary>
/// Hash of what cached bytes mean: the response message, every message and enum inside it (by number, name and type, not by comment
/// or position in the file) and the declared policy.
/// </summary>
internal static class SchemaHash
{
    public static byte[] Of(MethodDescriptor method)
    {
        var text = new StringBuilder();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Append(text, method.OutputType, seen);
        text.Append("policy\n");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(text.ToString()));
        hash.AppendData(method.GetOptions()?.GetExtension(PolicyExtensions.Policy)?.ToByteArray() ?? []);
        return hash.GetHashAndReset();
    }

    private static void Append(StringBuilder text, MessageDescriptor message, HashSet<string> seen)
    {
        if (!seen.Add(message.FullName))
        {
            return;
        }

        text.Append("message ").Append(message.FullName).Append('\n');
        foreach (var field in message.Fields.InFieldNumberOrder())
        {
            text.Append(field.FieldNumber).Append(' ').Append(field.Name).Append(' ').Append(field.FieldType)
                .Append(field.IsRepeated ? " repeated" : string.Empty).Append(field.HasPresence ? " presence" : string.Empty)
                .Append(' ').Append(field.ContainingOneof?.Name)
                .Append(' ').Append(field.FieldType switch
                {
                    FieldType.Message or FieldType.Group => field.MessageType.FullName,
                    FieldType.Enum => field.EnumType.FullName,
                    _ => string.Empty,
                }).Append('\n');
        }

        foreach (var field in message.Fields.InFieldNumberOrder())
        {
            if (field.FieldType is FieldType.Message or FieldType.Group)
            {
                Append(text, field.MessageType, seen);
            }
            else if (field.FieldType == FieldType.Enum && seen.Add(field.EnumType.FullName))
            {
                text.Append("enum ").Append(field.EnumType.FullName).Append('\n');
                foreach (var value in field.EnumType.Values.OrderBy(v => v.Number).ThenBy(v => v.Name, StringComparer.Ordinal))
                {
                    text.Append(value.Number).Append(' ').Append(value.Name).Append('\n');
                }
            }
        }
    }
}

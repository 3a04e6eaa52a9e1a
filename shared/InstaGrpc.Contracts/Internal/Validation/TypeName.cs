using Google.Protobuf.Reflection;

namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>How a field's type is written in a .proto.</summary>
internal static class TypeName
{
    public static string Of(FieldDescriptor field)
    {
        var type = field.FieldType switch
        {
            FieldType.Message or FieldType.Group => field.MessageType.FullName,
            FieldType.Enum => field.EnumType.FullName,
            _ => field.FieldType.ToString().ToLowerInvariant(),
        };
        return field.IsMap ? "a map" : field.IsRepeated ? $"repeated {type}" : type;
    }
}

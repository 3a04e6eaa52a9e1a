using System.Globalization;
using System.Reflection;

namespace InstaGrpc.Repository.Tests;

/// <summary>Types as C# writes them, with their namespaces and with what may be null.</summary>
internal static class TypeText
{
    private static readonly Dictionary<Type, string> _keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int",
        [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
    };

    public static string Of(Type type) => Of(type, null);

    public static string Of(FieldInfo field) => Of(field.FieldType, new NullabilityInfoContext().Create(field));

    public static string Of(PropertyInfo property) => Of(property.PropertyType, new NullabilityInfoContext().Create(property));

    public static string Of(EventInfo happening) => Of(happening.EventHandlerType!, new NullabilityInfoContext().Create(happening));

    public static string Of(ParameterInfo parameter)
    {
        var prefix = parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params "
            : !parameter.ParameterType.IsByRef ? ""
            : parameter.IsOut ? "out "
            : parameter.IsIn ? "in "
            : "ref ";
        var type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        return prefix + Of(type, new NullabilityInfoContext().Create(parameter));
    }

    public static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        char letter => $"'{letter}'",
        bool flag => flag ? "true" : "false",
        Enum => $"{Of(value.GetType())}.{value}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string Of(Type type, NullabilityInfo? nullability)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner) return Of(inner, nullability?.GenericTypeArguments is [var one] ? one : null) + "?";

        // A `T` that may be anything counts as one that may be null, so `T?` can't be told from it.
        var mark = nullability?.ReadState == NullabilityState.Nullable && !type.IsValueType && !type.IsGenericParameter ? "?" : "";
        if (type.IsArray) return $"{Of(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        return (_keywords.GetValueOrDefault(type) ?? Named(type, nullability)) + mark;
    }

    private static string Named(Type type, NullabilityInfo? nullability)
    {
        if (type.IsGenericParameter) return type.Name;
        var own = type.Name.Split('`')[0];
        var arguments = type.GetGenericArguments();

        // A nested type lists the arguments of the types around it first; they stand there.
        var around = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        if (arguments.Length > around)
        {
            var known = nullability?.GenericTypeArguments is { } infos && infos.Length == arguments.Length ? infos : null;
            own += $"<{string.Join(", ", arguments.Select((argument, i) => Of(argument, known?[i])).Skip(around))}>";
        }

        return (type.DeclaringType is { } declaring ? Of(declaring, null) : type.Namespace) + "." + own;
    }
}

using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace InstaGrpc.Repository.Tests;

/// <summary>What an assembly offers to those who reference it: a line for each type and member, in the order of their names.</summary>
/// <remarks>Left out: what protoc generates (its form is the .proto), what the compiler adds to records, and overrides, which add nothing.</remarks>
internal static partial class PublicSurface
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IEnumerable<string> Of(Assembly assembly) => assembly.GetTypes()
        .Where(type => type.IsVisible && !IsGenerated(type))
        .SelectMany(type => Members(type).Select(member => $"{TypeText.Of(type)}.{member}").Append(Head(type)))
        .Order(StringComparer.Ordinal);

    private static bool IsGenerated(Type type) =>
        !(type.Namespace ?? "").StartsWith("InstaGrpc.", StringComparison.Ordinal) || GeneratedNamespace().IsMatch(type.Namespace!);

    private static string Head(Type type)
    {
        var kind = type.IsEnum ? "enum"
            : type.IsInterface ? "interface"
            : type.IsValueType ? "struct"
            : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : type is { IsAbstract: true, IsSealed: true } ? "static class"
            : type.IsAbstract ? "abstract class"
            : type.IsSealed ? "sealed class"
            : "class";
        var parents = type.IsEnum || type.BaseType is null || type.BaseType == typeof(object) || type.BaseType == typeof(ValueType)
            ? []
            : new[] { TypeText.Of(type.BaseType) };
        var own = type.IsEnum
            ? []
            : type.GetInterfaces().Where(parent => parent.IsVisible && !IsOfRecord(parent, type)).Select(parent => TypeText.Of(parent));
        var all = parents.Concat(own.Order(StringComparer.Ordinal)).ToArray();
        return $"{TypeText.Of(type)} ({kind}){(all.Length > 0 ? " : " + string.Join(", ", all) : "")}";
    }

    // Said of every record.
    private static bool IsOfRecord(Type parent, Type type) => parent.IsGenericType && parent.GetGenericTypeDefinition() == typeof(IEquatable<>)
        && parent.GenericTypeArguments[0] == type;

    private static IEnumerable<string> Members(Type type) => type.IsEnum
        ? type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => $"{field.Name} = {Convert.ToString(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}")
        : [
            .. type.GetConstructors(Declared).Where(IsOffered).Select(made => $"new({Parameters(made)})"),
            .. type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly).Select(Field),
            .. type.GetProperties(Declared).Where(property => property.GetAccessors(true).Any(IsOffered) && !IsOverride(property.GetAccessors(true)[0])
                && property.Name != "EqualityContract").Select(Property),
            .. type.GetEvents(Declared).Where(happening => IsOffered(happening.AddMethod!)).Select(happening =>
                $"event {happening.Name} -> {TypeText.Of(happening)}"),
            .. type.GetMethods(Declared).Where(method => IsOffered(method) && !IsOverride(method)
                && !method.IsDefined(typeof(CompilerGeneratedAttribute)) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)))
                .Select(method => $"{Prefix(method)}{method.Name}{Generic(method)}({Parameters(method)}) -> {TypeText.Of(method.ReturnParameter)}"),
        ];

    private static string Field(FieldInfo field)
    {
        var value = field.IsLiteral ? $" = {TypeText.Literal(field.GetRawConstantValue())}" : "";
        var kind = (field.IsLiteral ? "const " : field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        return $"{kind}{field.Name}{value} -> {TypeText.Of(field)}";
    }

    private static string Property(PropertyInfo property)
    {
        var index = property.GetIndexParameters() is { Length: > 0 } parameters ? $"[{string.Join(", ", parameters.Select(Parameter))}]" : "";
        var accessors = new[] { (property.GetMethod, "get;"), (property.SetMethod, IsInit(property) ? "init;" : "set;") }
            .Where(pair => pair.Item1 is { } accessor && IsOffered(accessor)).Select(pair => pair.Item2);
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{Prefix(property.GetAccessors(true)[0])}{required}{property.Name}{index} {{ {string.Join(' ', accessors)} }} -> {TypeText.Of(property)}";
    }

    private static bool IsInit(PropertyInfo property) =>
        property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;

    private static string Parameters(MethodBase method) =>
        (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter) =>
        $"{TypeText.Of(parameter)} {parameter.Name}{(parameter.HasDefaultValue ? " = " + TypeText.Literal(parameter.DefaultValue) : "")}";

    private static string Generic(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : "";

    private static string Prefix(MethodInfo method) => method.DeclaringType!.IsInterface ? ""
        : method.IsStatic ? "static "
        : method.IsAbstract ? "abstract "
        : method is { IsVirtual: true, IsFinal: false } && !method.DeclaringType.IsSealed ? "virtual "
        : "";

    private static bool IsOffered(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && method.DeclaringType is { IsSealed: false });

    private static bool IsOverride(MethodInfo method) => method.IsVirtual && method.GetBaseDefinition().DeclaringType != method.DeclaringType;

    [GeneratedRegex(@"V\d+(Alpha|Beta)?\d*$")]
    private static partial Regex GeneratedNamespace();
}

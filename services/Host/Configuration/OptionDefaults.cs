using System.Collections;
using System.Globalization;
using System.Reflection;

namespace InstaGrpc.Host.Configuration;

/// <summary>
/// What applies where the configuration says nothing: the inline defaults of the options classes themselves, so that no list can say something else.
/// An options class is any <c>*Options</c> of the executable's assemblies with a constant <c>Section</c>, which is also what it is bound with; a
/// constant <c>&lt;Property&gt;Key</c> says that the property is bound from another key.
/// </summary>
internal static class OptionDefaults
{
    private const string _section = "Section";
    private const string _nothing = "-";

    /// <summary>Every setting that the configuration leaves alone, with its default; "-" is none.</summary>
    public static IEnumerable<(string Key, string Value)> Lines(IConfiguration configuration) =>
        Classes().SelectMany(type => Lines(type, Constant(type, _section)!, Activator.CreateInstance(type)!, configuration))
            // What is the whole mesh's stands in several classes.
            .DistinctBy(line => line.Key, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<Type> Classes() => Assemblies(typeof(OptionDefaults).Assembly, [])
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && Constant(type, _section) is not null);

    private static HashSet<Assembly> Assemblies(Assembly from, HashSet<Assembly> found)
    {
        if (!found.Add(from)) return found;
        foreach (var name in from.GetReferencedAssemblies().Where(name => name.Name!.StartsWith("InstaGrpc.", StringComparison.Ordinal)))
        {
            Assemblies(Assembly.Load(name), found);
        }
        return found;
    }

    private static IEnumerable<(string Key, string Value)> Lines(Type type, string section, object instance, IConfiguration configuration)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is { IsPublic: true }))
        {
            var key = Constant(type, property.Name + "Key") ?? ConfigurationPath.Combine(section, property.Name);
            var value = property.GetValue(instance);
            if (IsGroup(property.PropertyType))
            {
                foreach (var line in Lines(property.PropertyType, key, value!, configuration)) yield return line;
            }
            else if (!configuration.GetSection(key).Exists())
            {
                yield return (key, Text(value));
            }
            else if (value is IDictionary && property.PropertyType.GenericTypeArguments[1] is { } entry && IsGroup(entry))
            {
                foreach (var child in configuration.GetSection(key).GetChildren())
                {
                    foreach (var line in Lines(entry, child.Path, Activator.CreateInstance(entry)!, configuration)) yield return line;
                }
            }
        }
    }

    /// <summary>A class of settings of ours inside another one.</summary>
    private static bool IsGroup(Type type) =>
        type.IsClass && (type.Namespace ?? "").StartsWith("InstaGrpc", StringComparison.Ordinal);

    private static string? Constant(Type type, string name) =>
        type.GetField(name, BindingFlags.Public | BindingFlags.Static) is { IsLiteral: true } field ? field.GetRawConstantValue() as string : null;

    private static string Text(object? value) => value switch
    {
        null or "" => _nothing,
        bool flag => flag ? "true" : "false",
        string text => text,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable many when many.Cast<object?>().Select(Text).ToArray() is var items => items.Length == 0 ? _nothing : string.Join(',', items),
        _ => value.ToString()!,
    };
}

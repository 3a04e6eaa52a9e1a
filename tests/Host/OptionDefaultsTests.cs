using System.Collections;
using System.Reflection;
using System.Text.RegularExpressions;
using InstaGrpc.Host.Configuration;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Host.Tests;

/// <summary>`insta config` against the options classes: all that can be set is shown, and all that is shown can be set.</summary>
public sealed partial class OptionDefaultsTests
{
    private const string Node = "Insta:Postgres:Nodes:n1:";

    /// <summary>Classes with a section of their own.</summary>
    private static readonly Type[] _bound =
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Select(Path.GetFileNameWithoutExtension)
            .Where(name => name == "insta" || (name!.StartsWith("InstaGrpc.", StringComparison.Ordinal) && !IsOfTests(name)))
            .SelectMany(name => Assembly.Load(name!).GetTypes())
            .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type.GetField("Section") is not null),
    ];

    [Fact]
    public async Task EveryPropertyOfEveryOptionsClassIsShownOnceWithItsDefault()
    {
        var (code, output) = await InstaProcess.RunAsync("config");

        Assert.Equal(0, code);
        var shown = output.Split('\n').Where(line => line.EndsWith(" default", StringComparison.Ordinal))
            .Select(line => Line().Match(line)).ToDictionary(line => line.Groups[1].Value, line => line.Groups[2].Value);
        Assert.Equal(Settings().Select(setting => setting.Key).Distinct().Order(), shown.Keys.Order());
        Assert.Equal("00:00:05", shown["Insta:Cache:MaxLag"]);
        Assert.Equal("67108864", shown["Insta:Cache:L1Bytes"]);
        Assert.Equal("-", shown["Insta:Prefix"]);
        Assert.Equal("local", shown["Insta:Region"]);
        Assert.Equal("127.0.0.1:7070", shown["Insta:Grpc:Listen"]);
        Assert.Equal("-", shown["Insta:Memcached:Servers"]);
        Assert.Equal("1", shown["Insta:Otlp:SampleRatio"]);
    }

    [Fact]
    public void WhatIsConfiguredIsNotShownAsDefaultToo()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["insta:cache:maxlag"] = "00:00:09", ["Insta:Memcached:Servers:0"] = "a:1", [Node + "Primary"] = "postgres://u@h/d",
        }).Build();

        var lines = OptionDefaults.Lines(configuration).ToDictionary();

        Assert.DoesNotContain("Insta:Cache:MaxLag", lines.Keys);
        Assert.DoesNotContain("Insta:Memcached:Servers", lines.Keys);
        Assert.DoesNotContain(Node + "Primary", lines.Keys);
        Assert.Equal("local", lines[Node + "Region"]);
        Assert.Equal("-", lines[Node + "Followers"]);
    }

    [Fact]
    public async Task WhatIsShownIsWhatTheRolesAreGiven()
    {
        var settings = Settings().DistinctBy(setting => setting.Key).ToArray();
        KeyValuePair<string, string?> primary = new(Node + "Primary", "postgres://u@127.0.0.1:1/d");
        await using var host = RoleHost.Build(RoleTable.All, [.. settings.Select(setting => setting.Pair), primary]);

        foreach (var setting in Settings())
        {
            var given = setting.Read(host.Services);
            Assert.True(
                given is string or not IEnumerable ? Text(given) == setting.Pair.Value : ((IEnumerable)given).Cast<object>().Any(setting.IsIn),
                $"{setting.Key} was set to {setting.Pair.Value}, and is {Text(given)}");
        }
    }

    [Fact]
    public void EveryOptionsClassThatCanBeBoundHasItsSection()
    {
        var known = _bound.Concat(_bound.SelectMany(type => type.GetProperties()).SelectMany(property => property.PropertyType.GenericTypeArguments
            .Append(property.PropertyType))).ToHashSet();
        var without = _bound.Select(type => type.Assembly).Distinct().SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type is { IsClass: true, IsAbstract: false })
            .Where(type => type.GetProperties().Any(property => property.SetMethod is { IsPublic: true } set
                && !set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit))))
            .Where(type => !known.Contains(type));
        Assert.Empty(without);
    }

    private static IEnumerable<Setting> Settings() => _bound.SelectMany(type => Settings(
        type, (string)type.GetField("Section")!.GetRawConstantValue()!, services => Given(services, type)));

    private static IEnumerable<Setting> Settings(Type type, string section, Func<IServiceProvider, object?> owner)
    {
        var defaults = Activator.CreateInstance(type);
        foreach (var property in type.GetProperties().Where(property => property.SetMethod is { IsPublic: true }))
        {
            var key = type.GetField(property.Name + "Key")?.GetRawConstantValue() as string ?? $"{section}:{property.Name}";
            if (property.PropertyType is { IsClass: true, Namespace: { } space } && space.StartsWith("InstaGrpc", StringComparison.Ordinal))
            {
                foreach (var setting in Settings(property.PropertyType, key, services => property.GetValue(owner(services)))) yield return setting;
            }
            else
            {
                yield return new Setting(key, Sample(key, property, defaults), services => property.GetValue(owner(services)));
            }
        }
    }

    /// <summary>The instance that the roles work with.</summary>
    private static object Given(IServiceProvider services, Type type) => services.GetService(type)
        ?? ((IOptions<object>)services.GetRequiredService(typeof(IOptions<>).MakeGenericType(type))).Value;

    // What is a power of two may have to be one.
    private static long Other(long value) => value >= 1024 && long.IsPow2(value) ? value / 2 : value + 1;

    /// <summary>A key that sets the property to something that is not its default.</summary>
    private static KeyValuePair<string, string?> Sample(string key, PropertyInfo property, object? owner) => property.GetValue(owner) switch
    {
        bool flag => new(key, flag ? "False" : "True"),
        TimeSpan time => new(key, (time + TimeSpan.FromSeconds(1)).ToString()),
        double ratio => new(key, Text(ratio / 2)),
        short or int or long or uint or ulong => new(key, Text(Other(Convert.ToInt64(property.GetValue(owner), null)))),
        IDictionary when property.PropertyType == typeof(Dictionary<string, Uri>) => new(key + ":x", "http://127.0.0.1:1/"),
        IDictionary when property.PropertyType == typeof(Dictionary<string, string>) => new(key + ":x", "y"),
        IDictionary => new(key + ":n1:Region", "elsewhere"),
        IEnumerable and not string when property.PropertyType == typeof(IList<int>) => new(key + ":0", "7"),
        IEnumerable and not string when key.EndsWith(":Nodes", StringComparison.Ordinal) => new(key + ":0", "n1"),
        IEnumerable and not string when key.EndsWith("Networks", StringComparison.Ordinal) => new(key + ":0", "10.0.0.0/8"),
        IEnumerable and not string => new(key + ":0", "a:1"),
        _ when property.PropertyType == typeof(bool?) => new(key, "True"),
        _ when property.PropertyType == typeof(Uri) => new(key, "http://127.0.0.1:1/"),
        _ when key.EndsWith(":Format", StringComparison.Ordinal) => new(key, "json"),
        _ when key.EndsWith(":Directory", StringComparison.Ordinal) => new(key, "postgres://u@127.0.0.1:1/d"),
        string when key.EndsWith(":Listen", StringComparison.Ordinal) => new(key, "127.0.0.1:0"),
        _ => new(key, "another"),
    };

    private static string Text(object? value) => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "";

    private static bool IsOfTests(string name) => name.EndsWith(".Tests", StringComparison.Ordinal) || name == "InstaGrpc.TestFixtures";

    [GeneratedRegex(@"^(\S+) +(\S.*?) +default$")]
    private static partial Regex Line();

    private sealed record Setting(string Key, KeyValuePair<string, string?> Pair, Func<IServiceProvider, object?> Read)
    {
        /// <summary>Of a list its item, of a dictionary its entry.</summary>
        public bool IsIn(object item) => Text(item) == Pair.Value
            || Text(item).Contains(Pair.Value!, StringComparison.Ordinal)
            || item is KeyValuePair<string, Postgres.PostgresNodeOptions> { Value.Region: "elsewhere" };
    }
}

using System.Globalization;
using System.Reflection;
using System.Text;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Repository.Tests;

/// <summary>docs/events.md is the one registry of event ids: what operators filter and alert on.</summary>
public sealed class EventTests
{
    private const string Head = """
        # Log events

        Every event that a process can log by itself, with the number that stands in its line (`event` in JSON). Numbers are unique over all projects and
        never used again. Their hundreds: 1000 Mesh, 1100 Memcached (to 1109) and ChangeLog (from 1110), 1200 Changes, 1300 Projector, 1400 Postgres,
        1500 Caching, 1600 Invalidator, 1700 Media, 1800 Feed, 1900 IdService, 2000 Gateway. A new project takes the next hundred.

        Generated: `INSTA_UPDATE_SNAPSHOTS=1 dotnet test tests/Repository`; a test compares it with the assemblies.

        | id | level | project | message |
        |---|---|---|---|

        """;

    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly (MethodInfo Method, LoggerMessageAttribute Event)[] _events =
    [
        .. from assembly in ProductAssemblies.All
           from type in assembly.GetTypes()
           from method in type.GetMethods(Declared)
           let attribute = method.GetCustomAttribute<LoggerMessageAttribute>()
           where attribute is not null
           select (method, attribute),
    ];

    [Fact]
    public void EveryEventHasANumberOfItsOwn()
    {
        Assert.NotEmpty(_events);

        // Without a number the generator makes one of the method's name.
        Assert.Empty(_events.Where(entry => entry.Event.EventId <= 0).Select(entry => $"{Name(entry.Method)} has no number"));
        Assert.Empty(_events.GroupBy(entry => entry.Event.EventId).Where(same => same.Count() > 1)
            .Select(same => $"{same.Key} is {string.Join(" and ", same.Select(entry => Name(entry.Method)))}"));

        static string Name(MethodInfo method) => $"{method.DeclaringType}.{method.Name}";
    }

    [Fact]
    public void TheRegistryListsEveryEvent()
    {
        var text = new StringBuilder(Head.ReplaceLineEndings("\n"));
        foreach (var (method, entry) in _events.OrderBy(entry => entry.Event.EventId))
        {
            var project = method.DeclaringType!.Assembly.GetName().Name!.Split('.')[^1];
            var message = entry.Message.Replace("|", "\\|", StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture, $"| {entry.EventId} | {entry.Level} | {project} | {message} |\n");
        }

        Snapshot.Compare(Path.Combine(Checkout.Root, "docs", "events.md"), text.ToString());
    }

    [Fact]
    public void NothingIsLoggedPastTheRegistry()
    {
        var calls = new[] { ".LogTrace(", ".LogDebug(", ".LogInformation(", ".LogWarning(", ".LogError(", ".LogCritical(" };
        var found = new[] { "shared", "services" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .Where(path => calls.Any(File.ReadAllText(path).Contains));

        Assert.Empty(found);
    }
}

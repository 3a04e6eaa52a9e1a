using System.CommandLine;
using System.Reflection;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Host.Tests;

/// <summary>`--help` of every command.</summary>
public sealed class HelpTests
{
    // As Program makes them: each class of the folder Commands that can.
    private static readonly IReadOnlyList<Command> _commands =
    [
        .. typeof(RoleHost).Assembly.GetTypes().Where(static type => type.Namespace == "InstaGrpc.Host.Commands")
            .Select(static type => type.GetMethod("Create", BindingFlags.Public | BindingFlags.Static, []))
            .Where(static create => create?.ReturnType == typeof(Command)).Select(static create => (Command)create!.Invoke(null, null)!),
    ];

    public static TheoryData<string> Paths() => [.. _commands.SelectMany(static command => PathsOf(command, ""))];

    [Theory]
    [MemberData(nameof(Paths))]
    public void ItListsEverythingThatTheCommandTakesAndSaysWhatItIs(string path)
    {
        var root = new RootCommand();
        foreach (var one in _commands) root.Add(one);
        var command = path.Split(' ').Aggregate((Command)root, static (above, name) => above.Subcommands.Single(below => below.Name == name));

        using var said = new StringWriter();
        Assert.Equal(0, root.Parse([.. path.Split(' '), "--help"]).Invoke(new InvocationConfiguration { Output = said }));

        var lines = said.ToString().Split('\n').Select(static line => line.Trim()).ToList();
        Assert.False(string.IsNullOrWhiteSpace(command.Description));
        foreach (var option in command.Options.Where(static option => !option.Hidden)) AssertTold(option.Name, option.Description);
        foreach (var argument in command.Arguments) AssertTold($"<{argument.Name}>", argument.Description);
        foreach (var below in command.Subcommands) AssertTold(below.Name, below.Description);

        void AssertTold(string name, string? description)
        {
            Assert.False(string.IsNullOrWhiteSpace(description), $"{path}: {name} says nothing");
            var begin = description.Split('\n')[0].Split(' ')[0];
            Assert.True(
                lines.Any(line => line.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Contains(name)
                    && line.Contains(begin, StringComparison.Ordinal)),
                $"{path} --help does not list {name}:\n{said}");
        }
    }

    [Fact]
    public async Task TheFirstPageListsEveryCommand()
    {
        var (code, said) = await InstaProcess.RunAsync("--help");
        Assert.Equal(0, code);
        Assert.All(_commands, command => Assert.Matches($"(?m)^ +{command.Name}( |$)", said));
    }

    private static IEnumerable<string> PathsOf(Command command, string above) =>
        [above + command.Name, .. command.Subcommands.SelectMany(below => PathsOf(below, above + command.Name + " "))];
}

using InstaGrpc.Conformance;

switch (args)
{
    // Started by the suite.
    case [Suite.UnderTest, "server"]:
        return await ConformanceServer.RunAsync();
    case [Suite.UnderTest, "client"]:
        return await ConformanceClient.RunAsync();
}

// Started by a person: [server|web|client] [more arguments of connectconformance].
IReadOnlyList<string> sides = args is [var asked, ..] && Suite.Sides.Contains(asked) ? [asked] : Suite.Sides;
var more = sides.Count == 1 ? args[1..] : args;
var failed = 0;
foreach (var side in sides)
{
    Console.WriteLine($"conformance: the {side} under test");
    failed = Math.Max(failed, await Suite.RunAsync(side, more));
}

return failed;

using InstaGrpc.Conformance;

switch (args)
{
    // Started by the suite.
    case [Suite.UnderTest, "server"]:
        return await ConformanceServer.RunAsync();
    case [Suite.UnderTest, "client"]:
        return await ConformanceClient.RunAsync();
}

// Started by a person: [server|client] [more arguments of connectconformance].
string[] sides = args is ["server" or "client", ..] ? [args[0]] : ["server", "client"];
var more = sides.Length == 1 ? args[1..] : args;
var failed = 0;
foreach (var side in sides)
{
    Console.WriteLine($"conformance: the {side} under test");
    failed = Math.Max(failed, await Suite.RunAsync(side, more));
}

return failed;

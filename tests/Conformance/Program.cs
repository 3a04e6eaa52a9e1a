using InstaGrpc.Conformance;

return args switch
{
    ["server"] => await ConformanceServer.RunAsync(),
    ["client"] => await ConformanceClient.RunAsync(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Usage: InstaGrpc.Conformance server|client   (started by connectconformance; see README.md)");
    return 2;
}

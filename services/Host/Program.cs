using System.CommandLine;
using System.CommandLine.Parsing;
using Grpc.Core;
using InstaGrpc.Embedded;
using InstaGrpc.Host;
using InstaGrpc.Host.Commands;
using InstaGrpc.Photos;

const int faultOfTheCaller = 2;

// Before anything of the command line is loaded: a child process that decodes photos is to be small and there at once.
if (args is [DecoderChild.Command, .. var rest]) return DecoderChild.Run(rest);

var root = new RootCommand("""
    InstaGrpc: the back end of a photo-sharing app as a mesh of gRPC services. Start with `insta up`.

    Settings: appsettings.json beside the executable, the JSON file that the variable INSTA_CONFIG names, variables like INSTA__CACHE__MAXLAG.
    `insta config` shows them all. Files are read again when they change. So a running process logs more as soon as its file says
    { "Insta": { "Log": { "LogLevel": { "Default": "Debug" } } } }, and less when that is taken out again.
    """)
{
    UpCommand.Create(),
    StatusCommand.Create(),
    DownCommand.Create(),
    ResetCommand.Create(),
    ServeCommand.Create(),
    RolesCommand.Create(),
    ConfigCommand.Create(),
    MigrateCommand.Create(),
    DoctorCommand.Create(),
    RebuildCommand.Create(),
    WarmCommand.Create(),
    DemoCommand.Create(),
    ImportCommand.Create(),
    TokenCommand.Create(),
    PasswordCommand.Create(),
    IdsCommand.Create(),
    CallCommand.Create(),
    ContractsCommand.Create(),
    ChangesCommand.Create(),
    CacheCommand.Create(),
    TraceCommand.Create(),
    CanaryCommand.Create(),
};

try
{
    // Signals are ours (ShutdownSignal): an orderly stop takes longer than the parser would wait.
    var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
    var parsed = root.Parse(args);
    if (parsed.Errors.Count > 0)
    {
        foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync($"insta: {ArgumentFault.Describe(error.Message)}");
        await Console.Error.WriteLineAsync($"insta: {string.Join(' ', CommandPath(parsed.CommandResult))} --help tells what it takes");
        return faultOfTheCaller;
    }
    return await parsed.InvokeAsync(invocation);
}
catch (Exception e) when (e is UsageException or EmbeddedServerException)
{
    await Console.Error.WriteLineAsync($"insta: {e.Message}");
    return faultOfTheCaller;
}
catch (RpcException e)
{
    await Console.Error.WriteLineAsync($"insta: the mesh answered {e.StatusCode}: {e.Status.Detail}");
    return 1;
}
catch (Exception e)
{
    // A fault of ours: whole, for the report, but without the core dump that an unhandled exception can leave.
    await Console.Error.WriteLineAsync($"insta: {e}");
    return 1;
}

static IEnumerable<string> CommandPath(CommandResult command) =>
    command.Parent is CommandResult parent ? [.. CommandPath(parent), command.Command.Name] : ["insta"];

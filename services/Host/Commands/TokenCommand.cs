using System.CommandLine;
using System.Globalization;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta token</c></summary>
internal static class TokenCommand
{
    public static Command Create()
    {
        var user = new Option<long?>("--user") { Description = "Id of the user to call as." };
        var service = new Option<string?>("--service") { Description = "Name of the service to call as." };
        var admin = new Option<bool>("--admin") { Description = "Call as an administrator." };
        var command = new Command("token", """
            Print a caller header for grpcurl: grpcurl -plaintext -H "$(insta token --user 123)" …
            The internal listener (loopback, or mTLS) believes it; the gateway's listener does not.
            """) { user, service, admin };
        command.SetAction(parsed => Console.WriteLine((parsed.GetValue(user), parsed.GetValue(service), parsed.GetValue(admin)) switch
        {
            ( > 0 and var id, null, false) => string.Create(CultureInfo.InvariantCulture, $"insta-caller: user:{id}"),
            (null, { Length: > 0 } name, false) => $"insta-caller: service:{name}",
            (null, null, true) => "insta-caller: admin",
            _ => throw new UsageException("give one of --user ID (positive), --service NAME, --admin"),
        }));
        return command;
    }
}

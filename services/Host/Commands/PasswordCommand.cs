using System.CommandLine;
using InstaGrpc.Host.Configuration;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Gateway;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta password</c></summary>
internal static class PasswordCommand
{
    private const int Shortest = 8;

    public static Command Create()
    {
        var user = new Option<long>("--user") { Description = "Id of the user.", Required = true };
        var data = OperatorSession.DataOption();
        var command = new Command("password", """
            Set a user's password and end his sessions. The password is the first line of standard input:
            insta password --user 123 < file
            """) { user, data };
        command.SetAction(async (parsed, ct) =>
        {
            var password = await Console.In.ReadLineAsync(ct) ?? "";
            if (password.Length < Shortest) throw new UsageException($"give a password of at least {Shortest} characters on standard input");
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            var options = session.Configuration.GetSection(GatewayOptions.Section).Get<GatewayOptions>() ?? new GatewayOptions();
            await using var scope = session.Services.CreateAsyncScope();
            await new UserPasswords(scope.ServiceProvider.GetRequiredService<INodeWrites>(), options)
                .SetAsync(parsed.GetValue(user), password, ct);
            Console.WriteLine("the password is set, and every session of the user has ended");
            return 0;
        });
        return command;
    }
}

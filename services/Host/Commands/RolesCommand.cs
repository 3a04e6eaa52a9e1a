using System.CommandLine;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta roles</c></summary>
internal static class RolesCommand
{
    public static Command Create()
    {
        var command = new Command("roles", "Print the role table: what each role does, its contract and what it needs.");
        command.SetAction(_ => TextTable.Write(Console.Out, ["role", "contract", "needs", "does"], RoleTable.All.Select(Line)));
        return command;
    }

    private static string[] Line(Role role) =>
        [role.Name, role.Contract.Length > 0 ? role.Contract : "-", role.Needs.ToString().ToLowerInvariant(), role.Does];
}

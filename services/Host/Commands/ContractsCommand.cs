using System.CommandLine;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using InstaGrpc.Host.Configuration;
using InstaGrpc.Mesh;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta contracts</c></summary>
internal static class ContractsCommand
{
    private const int _inUse = 1;

    public static Command Create()
    {
        var effective = new Option<bool>("--effective") { Description = "With the configuration's overrides (Insta:Methods) in force." };
        var command = new Command("contracts", "Print what every method declares, with all defaults filled in.") { Retire(), effective };
        command.SetAction(parsed => Console.Write(parsed.GetValue(effective)
            ? Effective(InstaConfiguration.Build([]))
            : PolicyTable.Render(ContractCatalog.Read(InstaContracts.Services))));
        return command;
    }

    private static string Effective(IConfiguration configuration)
    {
        MethodNames.RefuseUnknown(configuration);
        return EffectivePolicyTable.Render(InstaContracts.Services, configuration);
    }

    private static Command Retire()
    {
        var method = new Argument<string>("method") { Description = "Full name: package.Service/Method." };
        var data = OperatorSession.DataOption();
        var command = new Command("retire", """
            End the announced contracts of a method that nobody caches any more; the invalidator then stops following them.
            Refused (exit code 1) while a process has renewed one within the last hour.
            """) { method, data };
        command.SetAction(async (parsed, ct) =>
        {
            await using var session = OperatorSession.Open(parsed.GetValue(data)!);
            var (ended, inUse) = await new ContractRetirement(session.Postgres).RetireAsync(parsed.GetValue(method)!, ct);
            foreach (var number in ended) Console.WriteLine($"ended {number}");
            foreach (var number in inUse) Console.WriteLine($"still in use: {number} (a process renewed it within the last hour)");
            if (ended.Count + inUse.Count == 0)
            {
                throw new UsageException($"no contract of '{parsed.GetValue(method)}' is announced: give the full name, package.Service/Method");
            }
            return inUse.Count > 0 ? _inUse : 0;
        });
        return command;
    }
}

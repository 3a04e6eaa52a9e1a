using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace InstaGrpc.Ratios;

/// <summary>Where it was measured, and which cores are whose.</summary>
internal static class Machine
{
    // Asked before anything is pinned: afterwards the runtime may count one core only.
    private static readonly int _lastCore = Environment.ProcessorCount - 1;

    public static Dictionary<string, object> Describe() => new()
    {
        ["os"] = RuntimeInformation.OSDescription,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["architecture"] = RuntimeInformation.OSArchitecture.ToString(),
        ["processor"] = Field("/proc/cpuinfo", "model name") ?? "unknown",
        ["cores"] = Environment.ProcessorCount,
        ["memory"] = Field("/proc/meminfo", "MemTotal") ?? "unknown",
        ["load"] = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : "unknown",
    };

    /// <summary>Gives the server the first core and this process the last one, so that neither measures the other's appetite. On one
    /// core, or without <c>taskset</c>, both stay where they are.</summary>
    /// <returns>Whether it was done.</returns>
    public static bool Separate(int serverProcessId) =>
        _lastCore > 0 && Pin(serverProcessId, 0) && Pin(Environment.ProcessId, _lastCore);

    /// <summary>The command that runs a program on the core of the server under test. Started there, its runtime sees one core, as in a
    /// container of that size.</summary>
    public static string[] OnServerCore(params string[] command) => OnCore(0, command);

    /// <summary>The command that runs a program on the core of everything else.</summary>
    public static string[] OnOtherCore(params string[] command) => OnCore(_lastCore, command);

    /// <summary>Moves a process, and what it starts later, to the core of everything else.</summary>
    public static bool MoveToOtherCore(int processId) => _lastCore > 0 && Pin(processId, _lastCore);

    private static string[] OnCore(int core, string[] command) =>
        _lastCore > 0 && File.Exists("/usr/bin/taskset") ? ["taskset", "-c", Text(core), .. command] : command;

    private static bool Pin(int process, int core)
    {
        try
        {
            // All threads of the process; later ones inherit it.
            using var taskset = Process.Start(new ProcessStartInfo("taskset", ["-acp", Text(core), Text(process)])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            taskset.WaitForExit();
            return taskset.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Field(string file, string name) => !File.Exists(file)
        ? null
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}

using System.Globalization;
using System.Runtime.InteropServices;

namespace InstaGrpc.Load.Reports;

/// <summary>Where it was measured.</summary>
internal static class MachineDescription
{
    public static IReadOnlyDictionary<string, string> Now() => new Dictionary<string, string>
    {
        ["os"] = RuntimeInformation.OSDescription,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["processor"] = Field("/proc/cpuinfo", "model name"),
        ["cores"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["memory"] = Field("/proc/meminfo", "MemTotal"),
        ["load before"] = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : "unknown",
    };

    private static string Field(string file, string name) => !File.Exists(file)
        ? "unknown"
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
}

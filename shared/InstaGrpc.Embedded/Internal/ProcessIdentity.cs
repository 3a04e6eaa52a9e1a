using System.Globalization;

namespace InstaGrpc.Embedded.Internal;

/// <summary>
/// One process of one boot. A process id alone is given again to others after a while, and a signal sent to it then would hit a
/// stranger; together with the start time (clock ticks since boot) and the boot's id it is unique.
/// </summary>
internal readonly record struct ProcessIdentity(int Pid, ulong StartTicks, string Boot)
{
    public static ProcessIdentity? Of(int pid)
    {
        try
        {
            // pid (comm) state ppid … starttime is field 22; comm may hold blanks and brackets, so count from its last bracket.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (fields[0] is "Z" or "X") return null;
            return new ProcessIdentity(pid, ulong.Parse(fields[19], CultureInfo.InvariantCulture), CurrentBoot());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public bool IsAlive => Of(Pid) == this;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Pid} {StartTicks} {Boot}");

    /// <summary>Reads <see cref="ToString"/>'s form; null for anything else.</summary>
    public static ProcessIdentity? Parse(string text)
    {
        var parts = text.Trim().Split(' ');
        return parts.Length == 3
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            ? new ProcessIdentity(pid, start, parts[2])
            : null;
    }

    private static string CurrentBoot() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}

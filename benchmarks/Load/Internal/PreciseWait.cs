using System.Diagnostics;
using System.Runtime.InteropServices;

namespace InstaGrpc.Load.Internal;

/// <summary>Waits for a moment to some tens of microseconds, without spinning: the core belongs to what is measured.</summary>
internal static partial class PreciseWait
{
    private const int SetTimerSlack = 29; // PR_SET_TIMERSLACK
    private const int PriorityOfProcess = 0; // PRIO_PROCESS; with 0 the calling thread
    private const int PacersNice = -10;

    private static readonly double _microseconds = 1e6 / Stopwatch.Frequency;

    /// <summary>Asks the kernel to wake this thread on time instead of up to 50 µs later, and before this process's other threads where it may (that takes
    /// CAP_SYS_NICE). For the thread that will wait.</summary>
    public static void Prepare()
    {
        if (!OperatingSystem.IsLinux()) return;
        _ = PrCtl(SetTimerSlack, 1, 0, 0, 0);
        _ = SetPriority(PriorityOfProcess, 0, PacersNice);
    }

    /// <param name="until">A timestamp of <see cref="Stopwatch"/>.</param>
    public static void Until(long until)
    {
        while (true)
        {
            var left = (until - Stopwatch.GetTimestamp()) * _microseconds;
            if (left <= 0) return;
            if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
            {
                // Never long: a run that is stopped meanwhile is noticed.
                _ = USleep((uint)Math.Clamp(left, 1, 100_000));
                if (left > 100_000) return;
            }
            else
            {
                Thread.Sleep(1);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int USleep(uint microseconds);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int nice);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int PrCtl(int option, nuint one, nuint two, nuint three, nuint four);
}

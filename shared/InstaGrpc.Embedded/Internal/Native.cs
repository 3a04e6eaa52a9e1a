using System.Runtime.InteropServices;

namespace InstaGrpc.Embedded.Internal;

internal enum Signal
{
    None = 0,
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

internal static partial class Native
{
    public static bool IsRoot => geteuid() == 0;

    /// <summary>Sends the signal; false when the process is gone or not ours.</summary>
    public static bool Send(int pid, Signal signal) => kill(pid, (int)signal) == 0;

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}

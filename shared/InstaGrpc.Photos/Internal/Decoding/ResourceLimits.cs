using System.Globalization;
using System.Runtime.InteropServices;

namespace InstaGrpc.Photos.Internal.Decoding;

/// <summary>setrlimit(2) for the process that it is called in. A decoder that a photo has taken over, or sent astray, meets them.</summary>
internal static partial class ResourceLimits
{
    // From <bits/resource.h>, the same for x86-64 and arm64.
    private const int Cpu = 0;
    private const int FileSize = 1;
    private const int Core = 4;
    private const int OpenFiles = 7;
    private const int AddressSpace = 9;
    private const ulong Unlimited = ulong.MaxValue;

    /// <summary>No files written, no core dump, few open files, and so much memory more than it has now.</summary>
    public static void Apply(long memory)
    {
        Set(Core, 0, 0);
        Set(FileSize, 0, 0);
        Set(OpenFiles, 64, 64);
        if (memory > 0)
        {
            var limit = (ulong)(AddressSpaceNow() + memory);
            Set(AddressSpace, limit, limit);
        }
    }

    /// <summary>Faults end the process at once: .NET's own handlers turn some into exceptions, and pass over a fault that another process sent. A file that
    /// would grow does not: the compiler of Debian's libvips for vector code (ORC) tries one before it takes memory.</summary>
    public static void SetSignals()
    {
        foreach (var fault in (ReadOnlySpan<int>)[4, 7, 8, 11]) // SIGILL, SIGBUS, SIGFPE, SIGSEGV
        {
            SetHandler(fault, 0); // SIG_DFL
        }

        SetHandler(25, 1); // SIGXFSZ, SIG_IGN
    }

    /// <summary>So many seconds of processor time from now; past them the kernel ends the process.</summary>
    public static void GiveCpu(int seconds)
    {
        if (seconds > 0)
        {
            // The soft limit alone, so that it can be raised for the next photo.
            Set(Cpu, (ulong)(Math.Ceiling(Environment.CpuUsage.TotalTime.TotalSeconds) + seconds), Unlimited);
        }
    }

    private static long AddressSpaceNow() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    private static void Set(int resource, ulong soft, ulong hard)
    {
        var limit = new Limit(soft, hard);
        if (SetLimit(resource, in limit) != 0)
        {
            throw new InvalidOperationException($"setrlimit({resource}, {soft}) failed with errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in Limit limit);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint handler);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Limit(ulong Soft, ulong Hard);
}

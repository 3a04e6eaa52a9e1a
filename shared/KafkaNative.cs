using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InstaGrpc;

/// <summary>Leads Confluent.Kafka to the system's librdkafka. Compiled into every assembly that imports Kafka.props.</summary>
internal static class KafkaNative
{
#pragma warning disable CA2255 // The resolver must stand before the package's first call, whoever makes it: initializers are for that.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register()
    {
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(Confluent.Kafka.Library).Assembly, Resolve);
        }
        catch (InvalidOperationException)
        {
            // Another assembly's copy of this class was first; all do the same.
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        "librdkafka" => NativeLibrary.Load(OperatingSystem.IsMacOS() ? "librdkafka.1.dylib" : "librdkafka.so.1", assembly, path),
        "libdl" when !OperatingSystem.IsMacOS() => NativeLibrary.Load("libdl.so.2", assembly, path),
        _ => 0,
    };
}

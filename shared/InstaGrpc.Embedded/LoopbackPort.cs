using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace InstaGrpc.Embedded;

/// <summary>TCP ports of 127.0.0.1: free ones, and who holds a taken one.</summary>
public static class LoopbackPort
{
    /// <summary>A port that was free a moment ago. Somebody else can take it before the caller binds it: be ready to ask again.</summary>
    public static int Free()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Whether the port can be bound now. Listeners on all addresses count as holders.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            // Kestrel, PostgreSQL and memcached all set SO_REUSEADDR, so a connection in TIME_WAIT does not make the port taken; a listener
            // does.
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Who listens on the port of 127.0.0.1 or of all addresses, as Linux's /proc tells; null when nobody does.</summary>
    public static PortOwner? OwnerOf(int port)
    {
        if (!OperatingSystem.IsLinux()) return null;
        foreach (var table in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
        {
            foreach (var (inode, uid) in Listeners(table, port))
            {
                return FindProcess($"socket:[{inode}]") ?? new PortOwner(null, $"a process of the account with id {uid}");
            }
        }
        return null;
    }

    private static IEnumerable<(string Inode, string Uid)> Listeners(string table, int port)
    {
        if (!File.Exists(table)) yield break;
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …; state 0A is LISTEN
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 10 || fields[3] != "0A") continue;
            var colon = fields[1].LastIndexOf(':');
            if (int.Parse(fields[1].AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture) == port)
            {
                yield return (fields[9], fields[7]);
            }
        }
    }

    private static PortOwner? FindProcess(string socket)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var pid)) continue;
            try
            {
                foreach (var descriptor in Directory.EnumerateFiles($"{folder}/fd"))
                {
                    if (new FileInfo(descriptor).LinkTarget != socket) continue;
                    var command = File.ReadAllText($"{folder}/cmdline").TrimEnd('\0').Replace('\0', ' ');
                    return new PortOwner(pid, command.Length > 120 ? command[..120] + "…" : command);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another account's process, or one that ended while we looked.
            }
        }
        return null;
    }
}

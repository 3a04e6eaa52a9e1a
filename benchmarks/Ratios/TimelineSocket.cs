using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using InstaGrpc.Timelines;

namespace InstaGrpc.Ratios;

/// <summary>Timelines by hand: one blocking socket, commands encoded beforehand where time counts, a page of them closed by <c>mn</c>.</summary>
internal sealed class TimelineSocket : IDisposable
{
    private const int Page = 1_000;
    private const int LifetimeSeconds = 7 * 24 * 3_600;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _received = new byte[64 * 1024];
    private readonly string[] _keys;
    private readonly List<byte[]> _appends;

    /// <param name="port">memcached's, on loopback.</param>
    /// <param name="keys">How timelines are named.</param>
    /// <param name="users">Whose they are.</param>
    public TimelineSocket(int port, TimelineKey keys, IReadOnlyList<long> users)
    {
        _socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        _keys = [.. users.Select(user => keys.Text(user))];
        _appends = [.. _keys.Chunk(Page).Select(AppendPage)];
    }

    /// <summary>Entries of the n-th timeline before anything is appended: 100 to 800, evenly spread.</summary>
    public static int EntriesOf(int n) => 100 + (int)(n * 7_919L % 701);

    /// <summary>Makes every timeline as it is in the beginning.</summary>
    public void Fill(long newest)
    {
        using var page = new MemoryStream();
        for (var n = 0; n < _keys.Length; n++)
        {
            var item = new byte[TimelineHeader.Size + EntriesOf(n) * TimelineEntry.Size];
            new TimelineHeader(TimelineState.Ready, 0, (ulong)n + 1, 1).Write(item);
            for (var at = TimelineHeader.Size; at < item.Length; at += TimelineEntry.Size)
            {
                BinaryPrimitives.WriteInt64LittleEndian(item.AsSpan(at), newest - at);
            }

            page.Write(Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"ms {_keys[n]} {item.Length} T{LifetimeSeconds} q\r\n")));
            page.Write(item);
            page.Write("\r\n"u8);
            if (n % 100 == 99 || n == _keys.Length - 1)
            {
                page.Write("mn\r\n"u8);
                Expect("MN\r\n", Ask(page.ToArray()));
                page.SetLength(0);
            }
        }
    }

    /// <summary>Appends so many entries to every timeline, as fast as a client can that decides nothing.</summary>
    public void AppendToAll(int entries)
    {
        for (var i = 0; i < entries; i++)
        {
            foreach (var page in _appends)
            {
                Expect("MN\r\n", Ask(page));
            }
        }
    }

    /// <summary>A request for the sizes of some timelines, to be asked often.</summary>
    public byte[] SizeRequest(IEnumerable<int> timelines) =>
        Encoding.ASCII.GetBytes(string.Concat(timelines.Select(n => $"mg {_keys[n]} s\r\n")) + "mn\r\n");

    /// <summary>Bytes of each of them.</summary>
    public int[] Sizes(byte[] request) =>
        [.. Ask(request).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)[..^1]
            .Select(static line => int.Parse(line.AsSpan("HD s".Length), CultureInfo.InvariantCulture))];

    /// <summary>What all of them take, memcached's headers included, and how many entries they have.</summary>
    public (long Bytes, long Entries) Memory()
    {
        var values = Sizes(SizeRequest(Enumerable.Range(0, _keys.Length)));
        var items = Ask(Encoding.ASCII.GetBytes(string.Concat(_keys.Select(static key => $"me {key}\r\n")) + "mn\r\n"))
            .Split("\r\n", StringSplitOptions.RemoveEmptyEntries)[..^1]
            .Sum(static line => long.Parse(line.AsSpan(line.LastIndexOf('=') + 1), CultureInfo.InvariantCulture));
        return (items, values.Sum(static size => (long)(size - TimelineHeader.Size) / TimelineEntry.Size));
    }

    public void Dispose() => _socket.Dispose();

    private static byte[] AppendPage(string[] keys)
    {
        using var page = new MemoryStream();
        foreach (var key in keys)
        {
            page.Write(Encoding.ASCII.GetBytes($"ms {key} {TimelineEntry.Size} MA q\r\n"));
            page.Write("\u0001\u0002\u0003\u0004\u0005\u0006\u0007\0"u8);
            page.Write("\r\n"u8);
        }

        page.Write("mn\r\n"u8);
        return page.ToArray();
    }

    private static void Expect(string expected, string answer)
    {
        if (answer != expected)
        {
            throw new InvalidOperationException($"memcached answered '{answer.Split('\r')[0]}'");
        }
    }

    private string Ask(byte[] request)
    {
        // Quiet commands answer nothing before their end, so that sending all of it first fills no buffer of the other side's.
        _socket.Send(request);
        var text = "";
        do
        {
            text += Encoding.ASCII.GetString(_received, 0, _socket.Receive(_received));
        }
        while (!text.EndsWith("MN\r\n", StringComparison.Ordinal));
        return text;
    }
}

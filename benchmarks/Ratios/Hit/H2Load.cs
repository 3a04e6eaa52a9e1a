using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf;

namespace InstaGrpc.Ratios.Hit;

/// <summary>One unary gRPC request, sent by h2load as often as told.</summary>
/// <param name="method">Path of the method, e.g. "/insta.media.v1.MediaService/GetMedia".</param>
/// <param name="request">The request.</param>
/// <param name="caller">Header <c>insta-caller</c>.</param>
/// <param name="asWeb">As gRPC-Web; over HTTP/1.1 where each caller has his own connection.</param>
/// <param name="ownConnections">Each caller has a connection of his own, for one call at a time; else 16 share one.</param>
internal sealed partial class H2Load(string method, IMessage request, string caller, bool asWeb = false, bool ownConnections = false)
    : IDisposable
{
    private const int Connections = 4;
    private const int StreamsOfAConnection = 16;

    private readonly string _frame = WriteFrame(request);

    /// <summary>Sends it.</summary>
    /// <returns>Requests a second by h2load's clock, and how many it took for answered: any HTTP status 200, whatever gRPC's.</returns>
    public async Task<(double PerSecond, long Answered)> RunAsync(Uri server, int requests, CancellationToken cancellation)
    {
        string[] command = Machine.OnOtherCore(
        [
            "h2load", "-n", Text(requests), "-t", "1", "-d", _frame, "-H", $"insta-caller: {caller}",
            .. ownConnections
                ? (string[])["-c", Text(Connections * StreamsOfAConnection), asWeb ? "--h1" : "-m1"]
                : ["-c", Text(Connections), "-m", Text(StreamsOfAConnection)],
            .. asWeb
                ? (string[])["-H", "content-type: application/grpc-web+proto"]
                : ["-H", "content-type: application/grpc", "-H", "te: trailers"],
            new Uri(server, method).ToString(),
        ]);
        using var h2load = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        }) ?? throw new InvalidOperationException("h2load did not start");
        var errors = h2load.StandardError.ReadToEndAsync(cancellation);
        var output = await h2load.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await h2load.WaitForExitAsync(cancellation).ConfigureAwait(false);
        var (rate, done) = (Rate().Match(output), Succeeded().Match(output));
        return rate.Success && done.Success
            ? (double.Parse(rate.Groups[1].ValueSpan, CultureInfo.InvariantCulture),
                long.Parse(done.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"h2load said nothing that can be counted: {output}{await errors.ConfigureAwait(false)}");
    }

    public void Dispose() => File.Delete(_frame);

    /// <summary>gRPC's framing: not compressed, length, message.</summary>
    private static string WriteFrame(IMessage request)
    {
        var message = request.ToByteArray();
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        var path = Path.GetTempFileName();
        File.WriteAllBytes(path, frame);
        return path;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"([0-9.]+) req/s")]
    private static partial Regex Rate();

    [GeneratedRegex(@"([0-9]+) succeeded")]
    private static partial Regex Succeeded();
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using InstaGrpc.Mesh.Ops;

namespace InstaGrpc.Services.Gateway.Ops;

/// <summary>
/// The figures of the processes that <see cref="GatewayOptions.OpsProcesses"/> names. A name may stand for as many processes as it has
/// addresses, as that of a headless Service does: each of them is asked, and found anew each time, because they come and go.
/// </summary>
internal sealed class OtherProcesses(GatewayOptions options, NameLookup lookup) : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);

    // Asked by address, so a connection may be kept: its other end does not change.
    private readonly HttpClient _client = new() { Timeout = _patience };

    /// <summary>One for each process; for one that does not answer a line that says why.</summary>
    public async Task<IEnumerable<OpsState>> ReadAsync(CancellationToken cancellation) =>
        (await Task.WhenAll(options.OpsProcesses.Select(named => ReadAllAsync(named, cancellation))).ConfigureAwait(false))
            .SelectMany(static states => states);

    public void Dispose() => _client.Dispose();

    private async Task<OpsState[]> ReadAllAsync(string named, CancellationToken cancellation)
    {
        try
        {
            var uri = new Uri(named);

            // A certificate is for the name.
            var addresses = uri.Scheme == Uri.UriSchemeHttps || uri.HostNameType != UriHostNameType.Dns
                ? [uri]
                : (await lookup(uri.IdnHost, cancellation).WaitAsync(_patience, cancellation).ConfigureAwait(false)).Distinct()
                    .Select(address => new UriBuilder(uri) { Host = address.ToString() }.Uri).ToArray();
            return addresses.Length == 0
                ? [Unreachable(named, "its name has no address")]
                : await Task.WhenAll(addresses.Select(address => ReadAsync(address, cancellation))).ConfigureAwait(false);
        }
        catch (Exception e) when (
            e is System.Net.Sockets.SocketException or TimeoutException or ArgumentException or UriFormatException
            && !cancellation.IsCancellationRequested)
        {
            return [Unreachable(named, e.Message)];
        }
    }

    private async Task<OpsState> ReadAsync(Uri process, CancellationToken cancellation)
    {
        try
        {
            var read = await _client.GetFromJsonAsync<OpsState>(new Uri(process, "/process.json"), JsonSerializerOptions.Web, cancellation)
                .ConfigureAwait(false);
            return read ?? Unreachable(process.Authority, "it answered nothing");
        }
        catch (Exception e) when (
            e is HttpRequestException or JsonException or InvalidOperationException or TaskCanceledException
            && !cancellation.IsCancellationRequested)
        {
            return Unreachable(process.Authority, e.Message);
        }
    }

    private static OpsState Unreachable(string process, string why) =>
        new(DateTimeOffset.MinValue, [new OpsProcess(process, [], "unreachable", why, 0, 0)], [], [], []);
}

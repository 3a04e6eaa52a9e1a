using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using InstaGrpc.Mesh.Ops;
using InstaGrpc.Services.Gateway.Pages;
using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Services.Gateway.Ops;

/// <summary>
/// The page for operators and its figures. It tells of the inside, so it is open only to this machine and to the networks of
/// <see cref="GatewayOptions.OpsNetworks"/>; for all others it is not there.
/// </summary>
internal sealed class OpsPage : IDisposable
{
    private const string Page = "/ops.html";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);

    private readonly ProcessState _state;
    private readonly WebApp _app;
    private readonly GatewayOptions _options;
    private readonly Lazy<IPNetwork[]> _networks;
    private readonly HttpClient _others = new() { Timeout = _patience };

    public OpsPage(ProcessState state, WebApp app, GatewayOptions options)
    {
        (_state, _app, _options) = (state, app, options);
        _networks = new(() => [.. options.OpsNetworks.Select(static network => IPNetwork.TryParse(network, out var parsed)
            ? parsed
            : throw new FormatException($"Insta:Gateway:OpsNetworks has \"{network}\", which is no network like 10.0.0.0/8"))]);
    }

    public Task ShowAsync(HttpContext http) => MaySee(http) ? _app.ServeAsync(http, Page) : HideAsync(http);

    public async Task StateAsync(HttpContext http)
    {
        if (!MaySee(http))
        {
            await HideAsync(http).ConfigureAwait(false);
            return;
        }

        var others = _options.OpsProcesses.Select(process => ReadAsync(process.TrimEnd('/'), http.RequestAborted));
        var own = _state.Read(http.Request.Host.Value ?? "");
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.WriteAsJsonAsync(
            OpsState.Sum([own, .. await Task.WhenAll(others).ConfigureAwait(false)]), JsonSerializerOptions.Web, http.RequestAborted)
            .ConfigureAwait(false);
    }

    public void Dispose() => _others.Dispose();

    private async Task<OpsState> ReadAsync(string process, CancellationToken cancellation)
    {
        try
        {
            var read = await _others.GetFromJsonAsync<OpsState>(process + "/process.json", JsonSerializerOptions.Web, cancellation)
                .ConfigureAwait(false);
            return read ?? Unreachable(process, "it answered nothing");
        }
        catch (Exception e) when (
            e is HttpRequestException or JsonException or InvalidOperationException or UriFormatException or TaskCanceledException
            && !cancellation.IsCancellationRequested)
        {
            return Unreachable(process, e.Message);
        }
    }

    private static OpsState Unreachable(string process, string why) =>
        new(DateTimeOffset.MinValue, [new OpsProcess(process, [], "unreachable", why, 0, 0)], [], [], []);

    // What a proxy on this machine passes on comes from elsewhere.
    private bool MaySee(HttpContext http)
    {
        if (http.Request.Headers.ContainsKey("Forwarded") || http.Request.Headers.ContainsKey("X-Forwarded-For")
            || http.Connection.RemoteIpAddress is not { } remote)
        {
            return false;
        }

        var address = remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote;
        return IPAddress.IsLoopback(address) || _networks.Value.Any(network => network.Contains(address));
    }

    private static Task HideAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}

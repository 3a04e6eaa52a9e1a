using System.Text.Json;
using InstaGrpc.Mesh;
using InstaGrpc.Mesh.Ops;
using InstaGrpc.Services.Gateway.Pages;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Gateway.Ops;

/// <summary>
/// The page for operators and its figures. It tells of the inside, so on a port for outside it is open only to this machine and to the
/// networks of <see cref="GatewayOptions.OpsNetworks"/>; for all others it is not there.
/// </summary>
internal sealed class OpsPage(ProcessState state, WebApp app, OtherProcesses others, GatewayOptions options, IOptions<MeshOptions> mesh)
{
    private const string Page = "/ops.html";

    private readonly OpsAudience _audience = new(mesh.Value.Mesh, $"{GatewayOptions.Section}:{nameof(GatewayOptions.OpsNetworks)}", options.OpsNetworks);

    public Task ShowAsync(HttpContext http) => _audience.Has(http) ? app.ServeAsync(http, Page) : HideAsync(http);

    public async Task StateAsync(HttpContext http)
    {
        if (!_audience.Has(http))
        {
            await HideAsync(http).ConfigureAwait(false);
            return;
        }

        var reading = others.ReadAsync(http.RequestAborted);
        var own = state.Read(http.Request.Host.Value ?? "");

        // A name may stand for this process, too, and a process may have several addresses.
        IEnumerable<OpsState> states = [own, .. await reading.ConfigureAwait(false)];
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.WriteAsJsonAsync(
            OpsState.Sum([.. states.DistinctBy(static one => one.Processes[0].Id ?? (object)one)]), JsonSerializerOptions.Web, http.RequestAborted)
            .ConfigureAwait(false);
    }

    private static Task HideAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}

using System.Diagnostics;
using System.Globalization;
using OpenTelemetry;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>Gives the spans of Grpc.Net.Client the names of the semantic conventions; its own are older.</summary>
internal sealed class ClientSpans : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data)
    {
        if (data.Source.Name != "Grpc.Net.Client" || data.GetTagItem("grpc.method") is not string method)
        {
            return;
        }

        CallSpan.Name(data, method.TrimStart('/'));
        data.SetTag("grpc.method", null);
        if (int.TryParse(data.GetTagItem("grpc.status_code") as string, CultureInfo.InvariantCulture, out var code))
        {
            data.SetTag(MeshTags.Status, code);
            data.SetTag("grpc.status_code", null);
        }
    }
}

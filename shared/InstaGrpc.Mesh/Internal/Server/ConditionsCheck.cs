using System.Globalization;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>What the caller asks of the answer: its token, its limit of staleness, its shard map epoch.</summary>
internal sealed class ConditionsCheck : ICallCheck
{
    public void Check(MeshCallContext call)
    {
        var headers = call.Http.Request.Headers;
        if (headers.TryGetValue(MetadataNames.ReadToken, out var tokens))
        {
            // Given twice is no fault: the newest per node counts.
            foreach (var text in tokens)
            {
                call.RequestToken = ReadToken.TryParse(text, out var token)
                    ? call.RequestToken.With(token)
                    : throw new InvalidFieldException(MetadataNames.ReadToken, "must be <node>=<timeline>/<LSN>[,…]");
            }
        }

        if (headers.TryGetValue(MetadataNames.MaxStale, out var stale))
        {
            call.MaxStale = uint.TryParse(stale, NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
                ? TimeSpan.FromMilliseconds(ms)
                : throw new InvalidFieldException(MetadataNames.MaxStale, "must be a number of milliseconds");
        }

        if (headers.TryGetValue(MetadataNames.Epoch, out var epochs))
        {
            call.Epoch = long.TryParse(epochs, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
                ? epoch
                : throw new InvalidFieldException(MetadataNames.Epoch, "must be a shard map's epoch");
        }

        if (headers.TryGetValue(MeshHeaders.Run, out var run))
        {
            call.OuterRun = run;
        }
    }
}

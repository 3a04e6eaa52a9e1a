using System.Globalization;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>What the caller asks of the answer: its token, its limit of staleness, its shard map epoch.</summary>
internal sealed class ConditionsInterceptor : CheckInterceptor
{
    protected override void Check(MeshCallContext call)
    {
        var headers = call.RequestHeaders;
        for (var i = 0; i < headers.Count; i++)
        {
            var entry = headers[i];
            switch (entry.Key)
            {
                case MetadataNames.ReadToken:
                    // Given twice is no fault: the newest per node counts.
                    call.RequestToken = ReadToken.TryParse(entry.Value, out var token)
                        ? call.RequestToken.With(token)
                        : throw new InvalidFieldException(MetadataNames.ReadToken, "must be <node>=<timeline>/<LSN>[,…]");
                    break;
                case MetadataNames.MaxStale:
                    call.MaxStale = uint.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
                        ? TimeSpan.FromMilliseconds(ms)
                        : throw new InvalidFieldException(MetadataNames.MaxStale, "must be a number of milliseconds");
                    break;
                case MetadataNames.Epoch:
                    call.Epoch = long.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
                        ? epoch
                        : throw new InvalidFieldException(MetadataNames.Epoch, "must be a shard map's epoch");
                    break;
                case MeshHeaders.Run:
                    call.OuterRun = entry.Value;
                    break;
            }
        }
    }
}

using Grpc.Core;

namespace InstaGrpc.Mesh.Internal.Client;

/// <summary>A stream of answers whose end brings the tokens of what the called handler wrote. One that is left before its end brings none: its trailers
/// never come.</summary>
internal sealed class TokenStream<T>(IAsyncStreamReader<T> answers, Flow flow, Func<Metadata> trailers) : IAsyncStreamReader<T>
{
    public T Current => answers.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        try
        {
            if (await answers.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                return true;
            }
        }
        catch (RpcException e)
        {
            // What failed may have written before.
            ClientInterceptor.Collect(flow, e.Trailers);
            throw;
        }

        ClientInterceptor.Collect(flow, trailers());
        return false;
    }
}

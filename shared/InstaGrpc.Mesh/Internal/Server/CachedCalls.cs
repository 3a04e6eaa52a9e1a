using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh.Internal.Telemetry;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// Answers cached methods through the cache. The handler runs only for what is missing, in a scope of its own that belongs to no caller
/// (<see cref="CachedRuns"/>), so the call's own continuation is not used: a run may outlive the call that started it.
/// </summary>
internal sealed partial class CachedCalls(
    CachedEndpoints endpoints, CachedRuns runs, HandlerCalls handlers, NodeChooser nodes, MeshInstruments instruments,
        ILogger<CachedCalls> logger)
{
    /// <summary>The answer, whoever gives it.</summary>
    /// <param name="endpoint">The method.</param>
    /// <param name="request">The request.</param>
    /// <param name="call">The call, which has passed every check.</param>
    /// <param name="continuation">Runs the handler for this caller alone.</param>
    /// <param name="failed">What the short way came to; null: the call has not been read yet.</param>
    public async Task<TResponse> AnswerAsync<TRequest, TResponse>(
        CachedEndpoint endpoint, TRequest request, MeshCallContext call, UnaryServerMethod<TRequest, TResponse> continuation,
        FailedRead? failed)
        where TRequest : class
        where TResponse : class
    {
        if (endpoint.Handler is null)
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, $"{call.Contract.FullName} is not there yet"));
        }

        if (call.Epoch is { } epoch)
        {
            await nodes.CatchUpAsync(epoch, call.CancellationToken).ConfigureAwait(false);
        }

        try
        {
            failed?.Throw();
            return endpoint.Contract.Policy.Batch is { } batch
                ? (TResponse)await ReadBatchAsync(endpoint, batch, (IMessage)request, call).ConfigureAwait(false)
                : await ReadOneAsync<TResponse>(endpoint, (IMessage)request, call).ConfigureAwait(false);
        }
        catch (UndeclaredCallerException e) when (!runs.IsStrict)
        {
            // In production the caller gets his answer, from a run of his own; nothing of it is kept.
            if (endpoint.FoundReadingCaller())
            {
                LogUndeclaredCaller(e.Message);
            }

            instruments.Undeclared(call.Contract.FullName, "caller");
            return await handlers.RunAsync(call, (IMessage)request, () => continuation(request, call)).ConfigureAwait(false);
        }
    }

    /// <summary>Reads one entry, wherever it is.</summary>
    public ValueTask<CacheAnswer> ReadAsync(CachedEndpoint endpoint, NodeName node, IMessage request, MeshCallContext call) =>
        endpoints.Reads.GetAsync(
            endpoint.Method, node, request, Conditions(call, node), new CachedRun(runs, endpoint, request), call.CallerCancellation);

    /// <summary>The answer, if there is such a thing.</summary>
    /// <exception cref="EntityNotFoundException">There is not.</exception>
    public static CacheAnswer Existing(MeshCallContext call, in CacheAnswer answer) => answer.IsPresent
        ? answer
        : throw new EntityNotFoundException($"{call.Contract.Name}: what the request names does not exist") { Field = Naming(call.Contract.Policy) };

    // The cache keeps that there is none, not what the handler said. The id that the call is routed by names it; else the key, if it is one field.
    private static string? Naming(MethodPolicy policy) =>
        policy.ShardKey?.Path ?? (policy.Cache is { Key: [{ IsCaller: false } only] } ? only.Name : null);

    private async ValueTask<TResponse> ReadOneAsync<TResponse>(CachedEndpoint endpoint, IMessage request, MeshCallContext call)
        where TResponse : class
    {
        var choosing = nodes.ChooseAsync(call.Contract, request, call.CallerCancellation);
        var node = choosing.IsCompletedSuccessfully ? choosing.Result : await call.WaitAsync(choosing).ConfigureAwait(false);
        var reading = ReadAsync(endpoint, node, request, call);
        var answer = reading.IsCompletedSuccessfully ? reading.Result : await call.WaitAsync(reading).ConfigureAwait(false);
        Observe(node, answer);
        Existing(call, answer);
        if (answer.Message is TResponse message)
        {
            return message;
        }

        var parsed = call.Contract.Descriptor.OutputType.Parser.ParseFrom(answer.Bytes.Span);
        answer.KeepMessage(parsed);
        return (TResponse)parsed;
    }

    private async ValueTask<IMessage> ReadBatchAsync(CachedEndpoint endpoint, BatchPolicy batch, IMessage request, MeshCallContext call)
    {
        var items = BatchItems.Of(batch, request);
        var answers = new CacheAnswer[items.Count];
        var perNode = await GroupByNodeAsync(batch, items, call).ConfigureAwait(false);
        var reading = new Task[perNode.Count];
        var next = 0;
        foreach (var (node, numbers) in perNode)
        {
            reading[next++] = ReadNodeAsync(node, numbers);
        }

        await Task.WhenAll(reading).ConfigureAwait(false);
        return items.Response(call.Contract.Descriptor.OutputType, answers);

        async Task ReadNodeAsync(NodeName node, List<int> numbers)
        {
            var part = items.Part(numbers);
            var read = await endpoints.Reads
                .GetManyAsync(endpoint.Method, node, part, Conditions(call, node), new CachedBatchRun(runs, endpoint, part),
                    call.CancellationToken)
                .ConfigureAwait(false);
            for (var i = 0; i < numbers.Count; i++)
            {
                answers[numbers[i]] = read[i];
                Observe(node, read[i]);
            }
        }
    }

    private async ValueTask<Dictionary<NodeName, List<int>>> GroupByNodeAsync(BatchPolicy batch, BatchItems items, MeshCallContext call)
    {
        var perNode = new Dictionary<NodeName, List<int>>();
        var shardKey = batch.ItemMethod.Policy.ShardKey;
        for (var i = 0; i < items.Count; i++)
        {
            var node = nodes.Own;
            if (shardKey is not null)
            {
                var id = items.ShardId(i, shardKey);
                node = id > 0
                    ? await nodes.OfAsync(id, call.CancellationToken).ConfigureAwait(false)
                    : throw new InvalidFieldException(items.NameOf(i), "must be an id: a number above 0");
            }

            if (!perNode.TryGetValue(node, out var numbers))
            {
                perNode.Add(node, numbers = []);
            }

            numbers.Add(i);
        }

        return perNode;
    }

    private ReadConditions Conditions(MeshCallContext call, NodeName node)
    {
        var remaining = call.Remaining;
        return new ReadConditions
        {
            Token = call.RequestToken.TryGet(node, out var token) ? token : null,
            MaxStale = call.MaxStale,
            Remaining = remaining == Timeout.InfiniteTimeSpan ? null : remaining,
            Priority = call.Contract.Policy.Priority,
            CallerId = call.Caller.UserId,
            Within = runs.Outer(call.OuterRun, call.Contract, node),
        };
    }

    private static void Observe(NodeName node, in CacheAnswer answer)
    {
        if (Activity.Current is { IsAllDataRequested: true } activity)
        {
            activity.SetTag(MeshTags.Node, node.Value);
            activity.SetTag(MeshTags.CacheLevel, answer.Level.ToString());
            if (answer.Uncached != UncachedReason.None)
            {
                activity.SetTag(MeshTags.Uncached, answer.Uncached.ToString());
            }
        }
    }

    [LoggerMessage(EventIds.UndeclaredCaller, LogLevel.Error, "{Fault} Until then it is answered uncached")]
    private partial void LogUndeclaredCaller(string fault);
}

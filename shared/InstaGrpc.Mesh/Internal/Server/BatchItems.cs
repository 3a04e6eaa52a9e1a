using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// The items of a batch request: each key once, in the request's order. A part of it is the items of one node.
/// </summary>
internal sealed class BatchItems : IItemKeys
{
    /// <summary>The most keys in one request.</summary>
    public const int MostItems = 100;

    private readonly BatchPolicy _batch;
    private readonly IMessage _request;
    private readonly object[] _keys;
    private readonly int[] _positions;
    private readonly IMessage[] _itemRequests;

    private BatchItems(BatchPolicy batch, IMessage request, object[] keys, int[] positions, IMessage[] itemRequests) =>
        (_batch, _request, _keys, _positions, _itemRequests) = (batch, request, keys, positions, itemRequests);

    public int Count => _keys.Length;

    /// <exception cref="InvalidFieldException">Too many keys.</exception>
    public static BatchItems Of(BatchPolicy batch, IMessage request)
    {
        var all = (IList)batch.RequestField.Field.Accessor.GetValue(request);
        if (all.Count > MostItems)
        {
            throw new InvalidFieldException(batch.RequestField.Path, $"has {all.Count} entries; at most {MostItems} are allowed");
        }

        var keys = new List<object>(all.Count);
        var positions = new List<int>(all.Count);
        var seen = new HashSet<object>(all.Count);
        for (var i = 0; i < all.Count; i++)
        {
            if (seen.Add(all[i]!))
            {
                keys.Add(all[i]!);
                positions.Add(i);
            }
        }

        return new BatchItems(batch, request, [.. keys], [.. positions], [.. keys.Select(key => ItemRequest(batch, request, key))]);
    }

    public FieldValue Read(int item, int field) => _batch.ItemMethod.Policy.Cache!.Key[field].Path!.Read(_itemRequests[item]);

    public long ShardId(int item, FieldPath shardKey) => shardKey.Read(_itemRequests[item]).Integer;

    /// <summary>"media_ids[3]".</summary>
    public string NameOf(int item) => $"{_batch.RequestField.Path}[{_positions[item]}]";

    public object KeyOf(int item) => _keys[item];

    public BatchItems Part(List<int> numbers) => numbers.Count == Count
        ? this
        : new BatchItems(_batch, _request, [.. numbers.Select(n => _keys[n])], [.. numbers.Select(n => _positions[n])],
            [.. numbers.Select(n => _itemRequests[n])]);

    /// <summary>The batch's request with these items alone.</summary>
    public IMessage RequestFor(IReadOnlyList<int> items)
    {
        var request = Copy(_request);
        var keys = (IList)_batch.RequestField.Field.Accessor.GetValue(request);
        keys.Clear();
        foreach (var item in items)
        {
            keys.Add(_keys[item]);
        }

        return request;
    }

    /// <summary>The answers of a batch's response, by key, each in the item method's response.</summary>
    public Dictionary<object, IMessage> Split(IMessage? response)
    {
        var found = new Dictionary<object, IMessage>();
        if (response is not null)
        {
            foreach (IMessage entry in (IList)_batch.ResponseField.Field.Accessor.GetValue(response))
            {
                var item = New(_batch.ItemMethod.Descriptor.OutputType);
                _batch.ItemResponseField.Field.Accessor.SetValue(item, entry);
                found[_batch.ResponseKey.Field.Accessor.GetValue(entry)] = item;
            }
        }

        return found;
    }

    /// <summary>The batch's response: what is present, in the request's order.</summary>
    public IMessage Response(MessageDescriptor type, CacheAnswer[] answers)
    {
        var response = New(type);
        var entries = (IList)_batch.ResponseField.Field.Accessor.GetValue(response);
        foreach (var answer in answers)
        {
            if (!answer.IsPresent)
            {
                continue;
            }

            var item = answer.Message as IMessage;
            if (item is null)
            {
                item = _batch.ItemMethod.Descriptor.OutputType.Parser.ParseFrom(answer.Bytes.Span);
                answer.KeepMessage(item);
            }

            if (_batch.ItemResponseField.Field.Accessor.GetValue(item) is { } entry)
            {
                entries.Add(entry);
            }
        }

        return response;
    }

    private static IMessage ItemRequest(BatchPolicy batch, IMessage request, object key)
    {
        var item = New(batch.ItemMethod.Descriptor.InputType);
        batch.ItemKey.Write(item, key);
        foreach (var (ours, theirs) in batch.Shared)
        {
            if (!ours.Field.HasPresence || ours.Field.Accessor.HasValue(request))
            {
                theirs.Write(item, ours.Field.Accessor.GetValue(request));
            }
        }

        return item;
    }

    private static IMessage New(MessageDescriptor type) => type.Parser.ParseFrom([]);

    private static IMessage Copy(IMessage message) => message.Descriptor.Parser.ParseFrom(message.ToByteArray());
}

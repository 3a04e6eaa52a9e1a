using Google.Protobuf;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;
using KeyField = InstaGrpc.Contracts.KeyField;

namespace InstaGrpc.Caching.Internal;

/// <summary>A cached method on one node, as announced: how its keys are made. Immutable; made anew when what is announced changes.</summary>
internal sealed class MethodOnNode
{
    private readonly byte[] _head;
    private readonly KeyField[] _bound;
    private readonly KeyType[] _types;
    private readonly int[] _boundAt;
    private readonly KeyField[] _unbound;

    public MethodOnNode(CachedMethod method, NodeState node, AnnouncedKey announced, int version)
    {
        Method = method;
        Node = node;
        Number = announced.Number;
        Version = version;
        var policy = method.Policy;
        _bound = [.. policy.BoundFields];
        _types = [.. announced.BoundTypes];
        if (_types.Length != _bound.Length)
        {
            throw new ArgumentException($"{method.Contract.FullName} binds {_bound.Length} fields, not {_types.Length}.", nameof(announced));
        }

        _boundAt = [.. _bound.Select(field => IndexIn(policy, field))];
        _unbound = policy.IsList ? [.. policy.Key.Where(field => !policy.Group.Any(bound => bound.Name == field.Name))] : [];
        (_head, GenerationAt) = ContractKeys.Head(node.Runtime.Options.Prefix, node.Name, method.Contract.FullName, announced.Number);
        LeaseSeconds = (int)Math.Max(2, Math.Ceiling(policy.Lease.TotalSeconds));
    }

    public CachedMethod Method { get; }

    public NodeState Node { get; }

    public ContractNumber Number { get; }

    /// <summary>The version of the announcements that this was made of.</summary>
    public int Version { get; }

    public int GenerationAt { get; }

    /// <summary>Bytes of a ring key before its fields.</summary>
    public int HeadBytes => _head.Length;

    public int LeaseSeconds { get; }

    public bool IsList => Method.Policy.IsList;

    /// <summary>Writes the ring key: of the entry, or of a list's version item.</summary>
    public void WriteRing(ref KeyWriter writer, IMessage request, long? caller)
    {
        writer.Begin(_head, GenerationAt);
        for (var i = 0; i < _bound.Length; i++)
        {
            Separate(ref writer, i);
            KeyEncoder.Append(ref writer, _types[i], Read(_bound[i], request, caller));
        }

        writer.Shorten();
    }

    /// <summary>The same for an item of a batch.</summary>
    public void WriteRing(ref KeyWriter writer, IItemKeys items, int item, long? caller)
    {
        writer.Begin(_head, GenerationAt);
        for (var i = 0; i < _bound.Length; i++)
        {
            Separate(ref writer, i);
            KeyEncoder.Append(ref writer, _types[i], _bound[i].IsCaller ? Caller(caller) : items.Read(item, _boundAt[i]));
        }

        writer.Shorten();
    }

    /// <summary>Appends '|' and the fields that tell the pages of a list apart.</summary>
    public void AppendPage(ref KeyWriter writer, IMessage request, long? caller)
    {
        writer.Append((byte)'|');
        for (var i = 0; i < _unbound.Length; i++)
        {
            Separate(ref writer, i);
            KeyEncoder.Append(ref writer, KeyType.Unspecified, Read(_unbound[i], request, caller));
        }
    }

    private static FieldValue Read(KeyField field, IMessage request, long? caller) =>
        field.IsCaller ? Caller(caller) : field.Path!.Read(request);

    private static FieldValue Caller(long? caller) => caller is { } id ? FieldValue.Of(id) : FieldValue.Absent;

    private static void Separate(ref KeyWriter writer, int field)
    {
        if (field > 0)
        {
            writer.Append((byte)',');
        }
    }

    private static int IndexIn(CachePolicy policy, KeyField field)
    {
        for (var i = 0; i < policy.Key.Count; i++)
        {
            if (policy.Key[i].Name == field.Name)
            {
                return i;
            }
        }

        throw new ArgumentException($"\"{field.Name}\" is no field of the key.", nameof(field));
    }
}

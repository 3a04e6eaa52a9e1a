using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Memcached;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>The keys that changes of rows make invalid, each once. For one caller at a time.</summary>
internal sealed class RowKeys
{
    private readonly HashSet<(ulong Hash, ReadOnlyMemory<byte> Ring, bool Marks)> _seen = new(SameKey.Instance);
    private readonly List<RowKey> _keys = [];
    private readonly List<(CacheKey Key, string Traceparent)> _shared = [];
    private string?[] _values = new string?[8];

    /// <summary>In the order in which they were added.</summary>
    public IReadOnlyList<RowKey> Keys => _keys;

    /// <summary>Recorded writes that made a key invalid that was there already, by another write.</summary>
    public IReadOnlyList<(CacheKey Key, string Traceparent)> Shared => _shared;

    public void Clear()
    {
        _seen.Clear();
        _keys.Clear();
        _shared.Clear();
    }

    /// <summary>Adds the keys of a row.</summary>
    /// <returns>False if the row lacks a column that a published contract binds: its keys can't be known.</returns>
    public bool Add(Row row, string traceparent, NodeContracts contracts)
    {
        foreach (var rule in contracts.RulesOf(row.Table))
        {
            var complete = true;
            if (row.Operation != RowOperation.Delete)
            {
                complete = Add(rule, row.New, row.Old, traceparent);
            }
            // The old row is there when a column of the replica identity changed; bound columns lie in it. Otherwise old and new give one key.
            if (row.Operation == RowOperation.Delete || (row.Operation == RowOperation.Update && row.Old.Count > 0))
            {
                complete &= Add(rule, row.Old, row.Old, traceparent);
            }
            if (!complete && rule.IsPublished)
            {
                return false;
            }
        }
        return true;
    }

    private bool Add(InvalidationRule rule, IReadOnlyList<Column> row, IReadOnlyList<Column> old, string traceparent)
    {
        var count = rule.Columns.Length;
        if (_values.Length < count)
        {
            _values = new string?[count];
        }
        for (var i = 0; i < count; i++)
        {
            var column = Find(row, rule.Columns[i]);
            if (column?.ValueCase == Column.ValueOneofCase.Unchanged)
            {
                column = Find(old, rule.Columns[i]);
            }
            switch (column?.ValueCase)
            {
                case Column.ValueOneofCase.Text:
                    _values[i] = column.Text;
                    break;
                case Column.ValueOneofCase.Null:
                    _values[i] = null;
                    break;
                default:
                    return false;
            }
        }
        CacheKey key;
        try
        {
            key = rule.Keys.Encode(_values.AsSpan(0, count));
        }
        catch (FormatException)
        {
            // The column has another type than when the contract was announced.
            return false;
        }
        if (_seen.Add((key.Hash, key.Ring, rule.Delete.MarkStale)))
        {
            _keys.Add(new RowKey(key, rule.Delete, traceparent));
        }
        else if (traceparent.Length > 0)
        {
            _shared.Add((key, traceparent));
        }
        return true;
    }

    private static Column? Find(IReadOnlyList<Column> columns, string name)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i].Name == name)
            {
                return columns[i];
            }
        }
        return null;
    }

    private sealed class SameKey : IEqualityComparer<(ulong Hash, ReadOnlyMemory<byte> Ring, bool Marks)>
    {
        public static readonly SameKey Instance = new();

        public bool Equals((ulong Hash, ReadOnlyMemory<byte> Ring, bool Marks) x, (ulong Hash, ReadOnlyMemory<byte> Ring, bool Marks) y) =>
            x.Hash == y.Hash && x.Marks == y.Marks && x.Ring.Span.SequenceEqual(y.Ring.Span);

        public int GetHashCode((ulong Hash, ReadOnlyMemory<byte> Ring, bool Marks) key) => key.Hash.GetHashCode();
    }
}

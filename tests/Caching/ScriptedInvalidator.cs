using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Tests;

/// <summary>The invalidator's side of the protocol in steps that a test can interleave with a reader's.</summary>
internal sealed class ScriptedInvalidator(MemcachedPool pool, string prefix, NodeName node, Func<DateTime> now)
{
    public const uint Timeline = 1;

    private readonly byte[] _key = KeyLayout.Watermark(prefix, node);

    public ulong Generation { get; private set; }

    public long Owner { get; set; } = 1;

    public ReplayPosition Lo { get; private set; } = At(0);

    public ReplayPosition Hi { get; private set; } = At(0);

    public ContractNumber Contracts { get; set; } = TestNumbers.All;

    public int Ring { get; set; } = 1;

    /// <summary>The end of the n-th transaction.</summary>
    public static ReplayPosition At(uint transaction) => ReplayPosition.EndOf(new Timeline(Timeline), new Lsn(0x1000 + (transaction * 0x10ul)));

    public static TokenPosition Token(uint transaction) => new(new Timeline(Timeline), new Lsn(0x1000 + (transaction * 0x10ul)));

    /// <summary>A new generation on every server.</summary>
    public Task BeginAsync()
    {
        Generation = (ulong)Random.Shared.NextInt64(1, long.MaxValue);
        return WriteAsync();
    }

    /// <summary>"Batch", first step: what may have begun to be applied.</summary>
    public Task IntendAsync(uint transaction)
    {
        Hi = At(transaction) > Hi ? At(transaction) : Hi;
        return WriteAsync();
    }

    /// <summary>Second step: one key's invalidation.</summary>
    public async Task MarkAsync(MethodContract contract, params string?[] columns)
    {
        var key = KeyOf(contract, columns);
        var policy = contract.Policy.Cache!;
        var delete = policy.MaxStale == TimeSpan.Zero
            ? default
            : MetaDelete.Mark((int)Math.Max(Math.Ceiling(policy.MaxStale.TotalSeconds) + 1, policy.Lease.TotalSeconds));
        await pool.OwnerOf(key.Ring.Span).DeleteAsync(key.Under(Generation), delete);
    }

    /// <summary>Third step.</summary>
    public Task AppliedAsync(uint transaction)
    {
        Lo = At(transaction);
        Hi = Lo > Hi ? Lo : Hi;
        return WriteAsync();
    }

    /// <summary>All three.</summary>
    public async Task ChangeAsync(uint transaction, MethodContract contract, params string?[] columns)
    {
        await IntendAsync(transaction);
        await MarkAsync(contract, columns);
        await AppliedAsync(transaction);
    }

    public async Task WriteAsync(DateTime? asOf = null)
    {
        var watermark = new Watermark
        {
            Generation = Generation,
            Lo = Lo,
            Hi = Hi,
            AsOf = asOf ?? now(),
            Owner = Owner,
            Contracts = Contracts,
            Ring = Ring,
            Offset = -1,
            System = 1,
        };
        foreach (var server in pool.Servers)
        {
            var reply = await server.SetAsync(_key, watermark.ToBytes(), new MetaSet());
            Assert.Equal(MetaStatus.Hit, reply.Status);
        }
    }

    public async Task RemoveAsync()
    {
        foreach (var server in pool.Servers)
        {
            await server.DeleteAsync(_key);
        }
    }

    /// <summary>The key, made from a row as the invalidator makes it.</summary>
    public CacheKey KeyOf(MethodContract contract, params string?[] columns)
    {
        var announced = new AnnouncedContract { Method = contract.FullName, EncoderVersion = KeyEncoder.Version };
        foreach (var field in contract.Policy.Cache!.BoundFields)
        {
            announced.Fields.Add(new InstaGrpc.Contracts.InvalidatorV1.KeyField { Name = field.Name, Type = KeyType.Integer, HasPresence = field.HasPresence });
        }

        return new ContractKeys(prefix, node, TestNumbers.All, announced).Encode(columns);
    }
}

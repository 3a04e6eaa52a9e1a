using Google.Protobuf.Reflection;

namespace InstaGrpc.Contracts.Internal;

/// <summary>Turns a checked declaration into the resolved policy. It relies on the validators and checks nothing itself.</summary>
internal static class PolicyResolver
{
    private static readonly TimeSpan s_shortestLease = TimeSpan.FromSeconds(2);

    public static MethodContract Resolve(ContractDraft draft, TimeSpan deadlineFloor) =>
        new(draft.Method, Policy(draft, batch: null, deadlineFloor));

    public static MethodContract ResolveBatch(ContractDraft draft, MethodContract item, TimeSpan deadlineFloor)
    {
        var declared = draft.Batch!;
        var response = Field(draft.Method.OutputType, declared.ResponseField);
        var shared = item.Policy.Cache!.Key
            .Where(k => !k.IsCaller && k.Name != declared.ItemKey)
            .Select(k => (Field(draft.Method.InputType, k.Name), k.Path!))
            .ToArray();
        return new MethodContract(draft.Method, Policy(draft, new BatchPolicy(
            item,
            Field(draft.Method.InputType, declared.RequestField),
            response,
            Field(item.Descriptor.InputType, declared.ItemKey),
            Field(item.Descriptor.OutputType, declared.ItemResponseField),
            Field(response.Field.MessageType, declared.ResponseKey),
            shared), deadlineFloor));
    }

    private static MethodPolicy Policy(ContractDraft draft, BatchPolicy? batch, TimeSpan deadlineFloor)
    {
        var declared = draft.Declared;
        var deadline = declared.DeadlineMs > 0
            ? TimeSpan.FromMilliseconds(declared.DeadlineMs)
            : draft.IsUnary ? MethodPolicy.DefaultDeadline : Timeout.InfiniteTimeSpan;
        return new MethodPolicy
        {
            Deadline = deadline != Timeout.InfiniteTimeSpan && deadline < deadlineFloor ? deadlineFloor : deadline,
            Retry = declared.Retry is null ? null : new RetryPolicy(
                (int)declared.Retry.MaxAttempts,
                TimeSpan.FromMilliseconds(declared.Retry.InitialBackoffMs == 0 ? 10 : declared.Retry.InitialBackoffMs),
                TimeSpan.FromMilliseconds(declared.Retry.MaxBackoffMs == 0 ? 1000 : declared.Retry.MaxBackoffMs)),
            ShardKey = declared.ShardKey.Length == 0 ? null : Field(draft.Method.InputType, declared.ShardKey),
            Cache = draft.Cache is null || batch is not null ? null : Cache(draft, deadline),
            Batch = batch,
            Priority = declared.Priority switch
            {
                OptionsV1.Priority.Critical => Priority.Critical,
                OptionsV1.Priority.Sheddable => Priority.Sheddable,
                _ => Priority.Normal,
            },
            Allow = declared.Allow.Count == 0 ? [new AllowRule(CallerKind.Service)] : [.. declared.Allow.Select(a => AllowRule.Parse(a)!)],
            RateLimit = declared.RateLimit is null ? null : new RateLimitPolicy(
                declared.RateLimit.PermitsPerSecond,
                declared.RateLimit.Burst == 0
                    ? (int)Math.Max(1, Math.Min(1_000_000, Math.Ceiling(declared.RateLimit.PermitsPerSecond)))
                    : (int)declared.RateLimit.Burst),
        };
    }

    private static CachePolicy Cache(ContractDraft draft, TimeSpan deadline)
    {
        var declared = draft.Cache!;
        var bound = draft.BoundNames.ToArray();
        var lease = TimeSpan.FromSeconds(Math.Ceiling(deadline.TotalSeconds));
        return new CachePolicy
        {
            Key = [.. draft.KeyNames.Select(n => Key(draft, n))],
            Group = [.. declared.Group.Select(n => Key(draft, n))],
            Ttl = TimeSpan.FromSeconds(declared.TtlSeconds),
            MaxStale = TimeSpan.FromMilliseconds(declared.MaxStaleMs),
            L1Ttl = TimeSpan.FromMilliseconds(declared.L1TtlMs),
            Lease = lease < s_shortestLease ? s_shortestLease : lease,
            VaryByCaller = declared.VaryByCaller,
            DependsOn =
            [
                .. declared.DependsOn.Select(d => new TableDependency(d.Table,
                    [.. bound.Select(name => d.Bind.Single(b => b.Field == name).Column)])),
            ],
            IgnoredFields = [.. declared.IgnoredFields],
        };
    }

    private static KeyField Key(ContractDraft draft, string name) =>
        name == KeyField.CallerName ? KeyField.Caller : new KeyField(Field(draft.Method.InputType, name));

    private static FieldPath Field(MessageDescriptor message, string path) => FieldPath.Resolve(message, path, out var fault)
        ?? throw new InvalidOperationException($"A validator let through that {fault}.");
}

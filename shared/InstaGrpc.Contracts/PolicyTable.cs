using System.Globalization;
using System.Text;
using Google.Protobuf.Reflection;
using InstaGrpc.Contracts.Internal;

namespace InstaGrpc.Contracts;

/// <summary>The resolved policies as text, for people: <c>insta contracts</c>, <c>protos/policy.snapshot.txt</c> and the table in
/// protos/README.md.</summary>
public static class PolicyTable
{
    /// <summary>A paragraph for each method, with every default filled in. Stable: a change of it is a change of behaviour.</summary>
    /// <param name="catalog">The contracts.</param>
    /// <param name="remark">Lines to add to a method (overrides in force); null or empty: none.</param>
    public static string Render(ContractCatalog catalog, Func<MethodContract, IEnumerable<string>>? remark = null)
    {
        var text = new StringBuilder();
        foreach (var method in catalog.Methods)
        {
            text.Append(method.FullName).Append('\n');
            foreach (var line in Lines(method).Concat(remark?.Invoke(method) ?? []))
            {
                text.Append("  ").Append(line).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A Markdown table of every RPC with its fields and what it declares.</summary>
    public static string RenderMarkdown(ContractCatalog catalog)
    {
        var text = new StringBuilder();
        foreach (var service in catalog.Services)
        {
            text.Append("### ").Append(service.FullName).Append("\n\n| method | request | response | who | policy "
                + "|\n|---|---|---|---|---|\n");
            foreach (var method in catalog.Methods.Where(m => m.ServiceFullName == service.FullName))
            {
                text.Append("| ").Append(method.Name)
                    .Append(" | ").Append(Fields(method.Descriptor.InputType, method.Descriptor.IsClientStreaming))
                    .Append(" | ").Append(Fields(method.Descriptor.OutputType, method.Descriptor.IsServerStreaming))
                    .Append(" | ").AppendJoin(", ", method.Policy.Allow)
                    .Append(" | ").AppendJoin("; ",
                        Lines(method).Where(l => !l.StartsWith("allow ", StringComparison.Ordinal)).Select(l => l.Trim()))
                    .Append(" |\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static IEnumerable<string> Lines(MethodContract method)
    {
        var policy = method.Policy;
        var kind = (method.Descriptor.IsClientStreaming, method.Descriptor.IsServerStreaming) switch
        {
            (false, false) => "unary",
            (true, false) => "client stream",
            (false, true) => "server stream",
            _ => "duplex stream",
        };
        var idempotency = new ContractDraft(method.Descriptor).Idempotency switch
        {
            MethodOptions.Types.IdempotencyLevel.NoSideEffects => ", no side effects",
            MethodOptions.Types.IdempotencyLevel.Idempotent => ", idempotent",
            _ => "",
        };
        var deadline = policy.Deadline == Timeout.InfiniteTimeSpan ? "no deadline" : $"deadline {Ms(policy.Deadline)}";
        var retry = policy.Retry is { } r ? $", {r.MaxAttempts} attempts ({Ms(r.InitialBackoff)} to {Ms(r.MaxBackoff)} apart)" : "";
        yield return $"{kind}{idempotency}, {deadline}{retry}, {policy.Priority.ToString().ToLowerInvariant()} priority"
            + (policy.ShardKey is { } key ? $", shard of {key}" : "");
        yield return $"allow {string.Join(", ", policy.Allow)}";
        if (policy.RateLimit is { } limit)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"rate limit {limit.PermitsPerSecond}/s, burst {limit.Burst}");
        }

        if (policy.Batch is { } batch)
        {
            yield return $"cached per item of {batch.RequestField} as {batch.ItemMethod.Name} by {batch.ItemKey}; "
                + $"{batch.ResponseField} by {batch.ResponseKey}";
        }

        if (policy.Cache is { } cache)
        {
            yield return $"cached by ({string.Join(", ", cache.Key)})"
                + (cache.IsList ? $", list of ({string.Join(", ", cache.Group)})" : "")
                + $" for {cache.Ttl.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s"
                + (cache.MaxStale > TimeSpan.Zero ? $", stale up to {Ms(cache.MaxStale)}" : ", never stale")
                + (cache.L1Ttl > TimeSpan.Zero ? $", in process for {Ms(cache.L1Ttl)}" : "")
                + $", lease {cache.Lease.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s"
                + (cache.IgnoredFields.Count > 0 ? $", whatever {string.Join(", ", cache.IgnoredFields)}" : "");
            foreach (var dependency in cache.DependsOn)
            {
                var bindings = cache.BoundFields.Select((f, i) => $"{dependency.Columns[i]} = {f}");
                yield return $"  until {dependency.Table} changes where {string.Join(" and ", bindings)}";
            }
        }
    }

    private static string Fields(MessageDescriptor message, bool stream)
    {
        var fields = message.Fields.InDeclarationOrder().Select(f => f.IsRepeated ? f.Name + "[]" : f.Name);
        return (stream ? "stream of " : "") + string.Join(", ", fields);
    }

    private static string Ms(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds} ms");
}

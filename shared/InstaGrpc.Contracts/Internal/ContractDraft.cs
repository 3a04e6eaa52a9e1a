using Google.Protobuf.Reflection;
using InstaGrpc.Contracts.OptionsV1;

namespace InstaGrpc.Contracts.Internal;

/// <summary>A method as it is declared, before anybody has checked it.</summary>
internal sealed class ContractDraft(MethodDescriptor method)
{
    private static readonly OptionsV1.MethodPolicy s_nothing = new();

    public MethodDescriptor Method { get; } = method;

    public string FullName { get; } = MethodContract.NameOf(method);

    public OptionsV1.MethodPolicy Declared { get; } = method.GetOptions()?.GetExtension(PolicyExtensions.Policy) ?? s_nothing;

    public MethodOptions.Types.IdempotencyLevel Idempotency { get; } =
        method.GetOptions()?.IdempotencyLevel ?? MethodOptions.Types.IdempotencyLevel.IdempotencyUnknown;

    public Cache? Cache => Declared.Cache;

    public Batch? Batch => Declared.Cache?.Batch;

    public bool IsUnary => !Method.IsClientStreaming && !Method.IsServerStreaming;

    public bool HasNoSideEffects => Idempotency == MethodOptions.Types.IdempotencyLevel.NoSideEffects;

    public bool IsRepeatable => HasNoSideEffects || Idempotency == MethodOptions.Types.IdempotencyLevel.Idempotent;

    /// <summary>Names of the key's fields, "@caller" included.</summary>
    public IEnumerable<string> KeyNames => Cache is null ? [] : Cache.VaryByCaller ? Cache.Key.Append(KeyField.CallerName) : Cache.Key;

    /// <summary>Names of the fields that every dependency binds.</summary>
    public IEnumerable<string> BoundNames => Cache is { Group.Count: > 0 } ? Cache.Group : KeyNames;

    public ContractFault Fault(string problem, string fix) => new(Method.File.Name, FullName, problem, fix);
}

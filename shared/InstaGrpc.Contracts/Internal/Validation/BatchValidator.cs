using Google.Protobuf.Reflection;

namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>A batch and its item method fit: the same keys, the same answers, the same callers.</summary>
internal sealed class BatchValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Batch is not { } batch)
        {
            return;
        }

        if (draft.Cache is { } cache
            && (cache.Key.Count > 0 || cache.Group.Count > 0 || cache.DependsOn.Count > 0 || cache.TtlSeconds > 0 || cache.MaxStaleMs > 0
                || cache.L1TtlMs > 0))
        {
            faults.Add(draft.Fault("cache.batch beside other cache settings",
                "remove them: the item method gives key, times and dependencies"));
        }

        var item = draft.Method.Service.Methods.FirstOrDefault(m => m.Name == batch.ItemMethod);
        if (item is null)
        {
            faults.Add(draft.Fault($"batch.item_method \"{batch.ItemMethod}\" is no method of {draft.Method.Service.FullName}",
                "name a cached method of the same service"));
            return;
        }

        var itemDraft = new ContractDraft(item);
        if (itemDraft.Cache is not { Batch: null } itemCache)
        {
            faults.Add(draft.Fault($"batch.item_method \"{batch.ItemMethod}\" has no cache", "give it one, or remove batch"));
            return;
        }

        if (itemCache.Group.Count > 0)
        {
            faults.Add(draft.Fault($"batch.item_method \"{batch.ItemMethod}\" is a list", "name a method without cache.group"));
        }

        if (itemCache.VaryByCaller != draft.Cache!.VaryByCaller)
        {
            faults.Add(draft.Fault($"cache.vary_by_caller differs from that of \"{batch.ItemMethod}\"", "write the same in both"));
        }

        Keys(draft, batch, item, itemCache, faults);
        Answers(draft, batch, item, faults);
    }

    private static void Keys(
        ContractDraft draft, OptionsV1.Batch batch, MethodDescriptor item, OptionsV1.Cache itemCache, ICollection<ContractFault> faults)
    {
        var request = draft.Method.InputType.FindFieldByName(batch.RequestField);
        if (request is not { IsRepeated: true, IsMap: false })
        {
            faults.Add(draft.Fault($"batch.request_field \"{batch.RequestField}\" is no repeated field of "
                + $"{draft.Method.InputType.FullName}",
                "name the repeated field with the items' keys"));
        }

        var key = item.InputType.FindFieldByName(batch.ItemKey);
        if (key is null || !itemCache.Key.Contains(batch.ItemKey))
        {
            faults.Add(draft.Fault($"batch.item_key \"{batch.ItemKey}\" is no key field of {item.Name}", "name one of its cache.key"));
        }
        else if (request is not null && request.FieldType != key.FieldType)
        {
            faults.Add(draft.Fault(
                $"batch.request_field \"{batch.RequestField}\" is {TypeName.Of(request)}, batch.item_key \"{batch.ItemKey}\" is "
                    + $"{TypeName.Of(key)}",
                "give them the same type"));
        }

        foreach (var name in itemCache.Key.Where(k => k != batch.ItemKey))
        {
            var theirs = FieldPath.Resolve(item.InputType, name, out _);
            var ours = FieldPath.Resolve(draft.Method.InputType, name, out _);
            if (theirs is not null && (ours is null || ours.Field.FieldType != theirs.Field.FieldType || ours.Field.IsRepeated
                || ours.Path.Contains('.')))
            {
                faults.Add(draft.Fault($"key field \"{name}\" of {item.Name} is missing from {draft.Method.InputType.FullName} "
                    + $"(or of another type)",
                    "add it: a batch's other key fields are taken by name"));
            }
        }
    }

    private static void Answers(ContractDraft draft, OptionsV1.Batch batch, MethodDescriptor item, ICollection<ContractFault> faults)
    {
        var response = draft.Method.OutputType.FindFieldByName(batch.ResponseField);
        if (response is not { IsRepeated: true, IsMap: false, FieldType: FieldType.Message })
        {
            faults.Add(draft.Fault(
                $"batch.response_field \"{batch.ResponseField}\" is no repeated message of {draft.Method.OutputType.FullName}",
                "name the repeated field with the answers"));
            return;
        }

        var single = item.OutputType.FindFieldByName(batch.ItemResponseField);
        if (single is not { IsRepeated: false, FieldType: FieldType.Message }
            || single.MessageType.FullName != response.MessageType.FullName)
        {
            faults.Add(draft.Fault(
                $"batch.item_response_field \"{batch.ItemResponseField}\" of {item.OutputType.FullName} is not one "
                    + $"{response.MessageType.FullName}",
                "name the field that holds what response_field repeats"));
        }

        // What the item's answer holds beside that field would be lost on the way into a batch's answer, and be missing from the
        // shared entry on the way back.
        foreach (var other in item.OutputType.Fields.InDeclarationOrder().Where(f => f.Name != batch.ItemResponseField))
        {
            faults.Add(draft.Fault($"{item.OutputType.FullName} has field \"{other.Name}\" beside "
                + $"\"{batch.ItemResponseField}\": a batch could not fill it",
                $"move it into {response.MessageType.FullName}"));
        }

        var answerKey = response.MessageType.FindFieldByName(batch.ResponseKey);
        var itemKey = item.InputType.FindFieldByName(batch.ItemKey);
        if (answerKey is null || answerKey.IsRepeated || (itemKey is not null && answerKey.FieldType != itemKey.FieldType))
        {
            faults.Add(draft.Fault($"batch.response_key \"{batch.ResponseKey}\" is no field of {response.MessageType.FullName} "
                + $"with the type of "
                + $"batch.item_key \"{batch.ItemKey}\"", "name the field of an answer that equals its item's key"));
        }
    }
}

using System.Linq.Expressions;
using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace InstaGrpc.Caching.Internal;

/// <summary>Whether a request holds fields that this build does not know. Generated messages keep them in a private field, the only place that tells.</summary>
internal static class UnknownFields
{
    /// <summary>A test for messages of a type, and of the messages inside them.</summary>
    public static Func<IMessage, bool> Of(MessageDescriptor type) => Of(type, depth: 8);

    private static Func<IMessage, bool> Of(MessageDescriptor type, int depth)
    {
        if (type.ClrType?.GetField("_unknownFields", BindingFlags.NonPublic | BindingFlags.Instance) is not { } unknown)
        {
            // A message that is not generated: nothing can be said, so nothing is cached.
            return static _ => true;
        }

        var message = Expression.Parameter(typeof(IMessage));
        var own = Expression.Lambda<Func<IMessage, bool>>(
            Expression.NotEqual(Expression.Field(Expression.Convert(message, type.ClrType), unknown), Expression.Constant(null)), message).Compile();
        var inner = type.Fields.InFieldNumberOrder().Where(static field => field.FieldType == FieldType.Message && !field.IsRepeated).ToArray();
        if (inner.Length == 0)
        {
            return own;
        }

        if (depth == 0)
        {
            return static _ => true;
        }

        var tests = inner.Select(field => (field.Accessor, Test: Of(field.MessageType, depth - 1))).ToArray();
        return request =>
        {
            if (own(request))
            {
                return true;
            }

            foreach (var (accessor, test) in tests)
            {
                if (accessor.GetValue(request) is IMessage value && test(value))
                {
                    return true;
                }
            }

            return false;
        };
    }
}

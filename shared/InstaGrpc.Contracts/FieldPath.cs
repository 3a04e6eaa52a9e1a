using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace InstaGrpc.Contracts;

/// <summary>
/// A field of a message, or of a message inside it ("owner.id"), resolved once against the descriptor and then read without
/// reflection. No field on the way is repeated.
/// </summary>
public sealed class FieldPath
{
    private readonly FieldDescriptor[] _parents;
    private readonly Func<IMessage, FieldValue>? _read;

    private FieldPath(string path, FieldDescriptor[] parents, FieldDescriptor field)
    {
        Path = path;
        _parents = parents;
        Field = field;
        _read = field.IsRepeated ? null : Reader(field);
    }

    /// <summary>As the contract writes it.</summary>
    public string Path { get; }

    /// <summary>The last field of the path.</summary>
    public FieldDescriptor Field { get; }

    /// <summary>Whether the value may be absent, which is then another value than the type's default.</summary>
    public bool HasPresence => _parents.Length > 0 || Field.HasPresence;

    /// <summary>Whether the field is one scalar: neither repeated nor a message.</summary>
    public bool IsScalar => !Field.IsRepeated && Field.FieldType is not (FieldType.Message or FieldType.Group);

    /// <summary>Whether the field is an int64 (also sint64, sfixed64).</summary>
    public bool IsInt64 => !Field.IsRepeated && Field.FieldType is FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64;

    /// <summary>Finds a path in a message; null with the reason when there is none.</summary>
    public static FieldPath? Resolve(MessageDescriptor message, string path, out string? fault)
    {
        var names = path.Split('.');
        var parents = new FieldDescriptor[names.Length - 1];
        for (var i = 0; i < names.Length; i++)
        {
            var field = message.FindFieldByName(names[i]);
            if (field is null)
            {
                fault = $"{message.FullName} has no field \"{names[i]}\"";
                return null;
            }

            if (i == names.Length - 1)
            {
                fault = null;
                return new FieldPath(path, parents, field);
            }

            if (field.IsRepeated || field.FieldType != FieldType.Message)
            {
                fault = $"field \"{names[i]}\" of {message.FullName} is not one message, so \"{path}\" leads nowhere";
                return null;
            }

            parents[i] = field;
            message = field.MessageType;
        }

        throw new InvalidOperationException("Split gives at least one part.");
    }

    /// <summary>The value in this message; absent when the field, or a message on the way, is not set.</summary>
    /// <exception cref="InvalidOperationException">The field is repeated, a message, float or double.</exception>
    public FieldValue Read(IMessage message)
    {
        foreach (var parent in _parents)
        {
            if (parent.Accessor.GetValue(message) is not IMessage inner)
            {
                return FieldValue.Absent;
            }

            message = inner;
        }

        return _read is null
            ? throw new InvalidOperationException($"\"{Path}\" of {Field.ContainingType.FullName} is no scalar that a key can hold.")
            : _read(message);
    }

    /// <summary>Sets the value; only for a path of one field.</summary>
    /// <param name="message">The message to change.</param>
    /// <param name="value">In the field's own C# type.</param>
    public void Write(IMessage message, object value)
    {
        if (_parents.Length > 0)
        {
            throw new InvalidOperationException($"\"{Path}\" is a path through messages and is only read.");
        }

        Field.Accessor.SetValue(message, value);
    }

    /// <inheritdoc/>
    public override string ToString() => Path;

    // Typed delegates, so that reading an id on the hot path does not box it. Enums and what has no public getter of these types
    // go through the accessor.
    private static Func<IMessage, FieldValue>? Reader(FieldDescriptor field)
    {
        var value = ValueReader(field);
        if (value is null || !field.HasPresence)
        {
            return value;
        }

        var accessor = field.Accessor;
        return message => accessor.HasValue(message) ? value(message) : FieldValue.Absent;
    }

    private static Func<IMessage, FieldValue>? ValueReader(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Typed<long>(field, FieldValue.Of),
        FieldType.UInt64 or FieldType.Fixed64 => Typed<ulong>(field, v => FieldValue.Of(unchecked((long)v))),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => Typed<int>(field, v => FieldValue.Of(v)),
        FieldType.UInt32 or FieldType.Fixed32 => Typed<uint>(field, v => FieldValue.Of(v)),
        FieldType.Bool => Typed<bool>(field, FieldValue.Of),
        FieldType.String => Typed<string>(field, FieldValue.Of),
        FieldType.Bytes => Typed<ByteString>(field, FieldValue.Of),
        FieldType.Enum => message => FieldValue.Of(Convert.ToInt64(field.Accessor.GetValue(message),
            System.Globalization.CultureInfo.InvariantCulture)),
        _ => null,
    };

    private static Func<IMessage, FieldValue> Typed<T>(FieldDescriptor field, Func<T, FieldValue> wrap)
    {
        var property = field.ContainingType.ClrType?.GetProperty(field.PropertyName, BindingFlags.Public | BindingFlags.Instance);
        if (property?.GetMethod is null)
        {
            return message => wrap((T)field.Accessor.GetValue(message));
        }

        var bind = typeof(FieldPath).GetMethod(nameof(BindGetter), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(property.DeclaringType!, typeof(T));
        var getter = (Func<IMessage, T>)bind.Invoke(null, [property.GetMethod])!;
        return message => wrap(getter(message));
    }

    private static Func<IMessage, T> BindGetter<TMessage, T>(MethodInfo getter)
        where TMessage : class
    {
        var typed = getter.CreateDelegate<Func<TMessage, T>>();
        return message => typed((TMessage)message);
    }
}

using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One key with a text or a binary value. Immutable: bytes are copied in and out.</summary>
    public class Entry
    {
        private static readonly SearchValues<char> _keyCharacters =
            SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

        private readonly string? _value;
        private readonly byte[]? _valueBytes;

        /// <summary>A binary entry.</summary>
        /// <param name="key">Letters (stored in lower case), digits, '_', '-' and '.'; ends with <c>-bin</c>.</param>
        /// <param name="valueBytes">Any bytes.</param>
        /// <exception cref="ArgumentException">The key has another form.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            Key = NormalizeKey(key);
            if (!IsBinaryKey(Key))
            {
                throw new ArgumentException($"Key '{Key}' of a binary metadata entry must end with '{BinaryHeaderSuffix}'.", nameof(key));
            }

            ArgumentNullException.ThrowIfNull(valueBytes);
            _valueBytes = valueBytes.AsSpan().ToArray();
        }

        /// <summary>A text entry.</summary>
        /// <param name="key">Letters (stored in lower case), digits, '_', '-' and '.'; does not end with <c>-bin</c>.</param>
        /// <param name="value">Printable ASCII; what else it holds is not checked here.</param>
        /// <exception cref="ArgumentException">The key has another form.</exception>
        public Entry(string key, string value)
        {
            Key = NormalizeKey(key);
            if (IsBinaryKey(Key))
            {
                throw new ArgumentException(
                    $"Key '{Key}' of a text metadata entry must not end with '{BinaryHeaderSuffix}': give its value as bytes.",
                    nameof(key));
            }

            ArgumentNullException.ThrowIfNull(value);
            _value = value;
        }

        public string Key { get; }

        public bool IsBinary => _value is null;

        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _value
            ?? throw new InvalidOperationException($"Metadata entry '{Key}' is binary: read its ValueBytes.");

        /// <summary>A copy of the bytes; of a text entry the ASCII bytes.</summary>
        public byte[] ValueBytes => _valueBytes is null ? Encoding.ASCII.GetBytes(_value!) : _valueBytes.AsSpan().ToArray();

        public override string ToString() => _valueBytes is null
            ? $"[Entry: key={Key}, value={_value}]"
            : $"[Entry: key={Key}, valueBytes={Convert.ToHexString(_valueBytes)}]";

        internal bool KeyEquals(string key) => Key.Equals(key, StringComparison.OrdinalIgnoreCase);

        private static bool IsBinaryKey(string key) => key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        private static string NormalizeKey(string key)
        {
            ArgumentException.ThrowIfNullOrEmpty(key);

            // Checked before it is made lower case: some letters outside ASCII (the Kelvin sign) would become ASCII letters.
            if (key.AsSpan().ContainsAnyExcept(_keyCharacters))
            {
                throw new ArgumentException(
                    $"Metadata key '{key}' may hold only letters, digits, underscore, hyphen and dot.", nameof(key));
            }

            return key.ToLowerInvariant();
        }
    }
}

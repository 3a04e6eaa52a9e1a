using System.Text;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Keys;

/// <summary>The keys of one announced contract on one node, made from rows. The reader makes the same bytes from requests.</summary>
public sealed class ContractKeys
{
    private readonly byte[] _head;
    private readonly int _generationAt;

    /// <param name="prefix">The mesh's (<c>Insta:Prefix</c>).</param>
    /// <param name="node">The node whose stream the rows come from.</param>
    /// <param name="number">The contract's number.</param>
    /// <param name="contract">As announced, with an encoder version that is known here.</param>
    /// <exception cref="NotSupportedException">Another version of the encoder: nothing may be invalidated, or called honoured, by guess.</exception>
    /// <exception cref="ArgumentException">The names leave no room for fields.</exception>
    public ContractKeys(string prefix, NodeName node, ContractNumber number, AnnouncedContract contract)
    {
        if (contract.EncoderVersion != KeyEncoder.Version)
        {
            throw new NotSupportedException(
                $"{contract.Method} is announced with key encoder {contract.EncoderVersion}; this process knows {KeyEncoder.Version}.");
        }

        Contract = contract;
        Number = number;
        (_head, _generationAt) = Head(prefix, node, contract.Method, number);
    }

    /// <summary>The contract.</summary>
    public AnnouncedContract Contract { get; }

    /// <summary>Its number.</summary>
    public ContractNumber Number { get; }

    /// <summary>The key that a row's bound columns give: an entry's, or for a list the version item's.</summary>
    /// <param name="values">PostgreSQL's text of the bound columns in the order of the contract's fields; null for NULL.</param>
    /// <exception cref="FormatException">A value is none of its announced type.</exception>
    public CacheKey Encode(ReadOnlySpan<string?> values)
    {
        if (values.Length != Contract.Fields.Count)
        {
            throw new ArgumentException($"{Contract.Method} binds {Contract.Fields.Count} fields, not {values.Length}.", nameof(values));
        }

        var writer = new KeyWriter(stackalloc byte[512]);
        try
        {
            writer.Begin(_head, _generationAt);
            for (var i = 0; i < values.Length; i++)
            {
                if (i > 0)
                {
                    writer.Append((byte)',');
                }

                KeyEncoder.AppendColumn(ref writer, Contract.Fields[i].Type, values[i]);
            }

            writer.Shorten();
            return writer.ToKey();
        }
        finally
        {
            writer.Dispose();
        }
    }

    internal static (byte[] Head, int GenerationAt) Head(string prefix, NodeName node, string method, ContractNumber number)
    {
        var head = Encoding.ASCII.GetBytes($"{prefix}{node}|{method}|{number}|");
        const int hash = 33;
        if (head.Length + KeyLayout.GenerationBytes + hash > KeyLayout.MaxKeyBytes)
        {
            throw new ArgumentException(
                $"Prefix, node and method name \"{prefix}{node}|{method}\" leave no room for a key of {KeyLayout.MaxKeyBytes} bytes: shorten one of them.");
        }

        return (head, prefix.Length + node.Value.Length);
    }
}

using System.Globalization;
using System.Text;

namespace InstaGrpc.Contracts;

/// <summary>Contracts that cannot be served. The message lists every fault with file, method and fix.</summary>
public sealed class InvalidContractsException : Exception
{
    /// <summary>Makes the exception of all the faults that were found.</summary>
    public InvalidContractsException(IReadOnlyList<ContractFault> faults)
        : base(Describe(faults)) => Faults = faults;

    /// <summary>Every fault.</summary>
    public IReadOnlyList<ContractFault> Faults { get; }

    private static string Describe(IReadOnlyList<ContractFault> faults)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"The contracts have {faults.Count} {(faults.Count == 1 ? "fault" : "faults")}:");
        foreach (var fault in faults)
        {
            text.Append("\n  ").Append(fault);
        }

        return text.ToString();
    }
}

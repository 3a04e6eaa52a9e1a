namespace InstaGrpc.Contracts;

/// <summary>Something in a contract that cannot be served as it is declared.</summary>
/// <param name="File">The .proto file.</param>
/// <param name="Method">The method's full name.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Fix">What to write instead.</param>
public sealed record ContractFault(string File, string Method, string Problem, string Fix)
{
    /// <summary>One line.</summary>
    public override string ToString() => $"{File}: {Method}: {Problem}; {Fix}";
}

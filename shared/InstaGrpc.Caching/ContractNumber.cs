using System.Globalization;

namespace InstaGrpc.Caching;

/// <summary>The number of an announced contract. Numbers commit in order and without holes within an epoch of the directory; the epoch is random and
/// made anew when the directory is restored or promoted, so that a number that ended never comes back.</summary>
public readonly record struct ContractNumber(long Epoch, long Number)
{
    /// <summary>Whether a watermark that has come to <paramref name="reached"/> honours this contract.</summary>
    public bool IsHonouredAt(ContractNumber reached) => Epoch == reached.Epoch && Number <= reached.Number;

    /// <summary>As it stands in keys: the epoch's 64 bits in hexadecimal, a dot, the number.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch:x}.{Number}");
}

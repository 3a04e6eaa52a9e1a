namespace InstaGrpc.Load.Internal;

/// <summary>Seeds that are the same in every process and every run.</summary>
internal static class Seeds
{
    /// <summary>SplitMix64's finalizer over the numbers, one after the other.</summary>
    public static int Of(params ReadOnlySpan<long> numbers)
    {
        var state = 0UL;
        foreach (var number in numbers)
        {
            state += (ulong)number + 0x9E37_79B9_7F4A_7C15;
            state = (state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9;
            state = (state ^ (state >> 27)) * 0x94D0_49BB_1331_11EB;
            state ^= state >> 31;
        }

        return (int)(state >> 32);
    }
}

using System.Runtime.CompilerServices;

namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>
/// Renames numbers that are only compared (CAS numbers, generations, versions, fill ids) to 1, 2, 3 … in their order. Zero and less
/// mean "none" and stay. First <see cref="Note"/> every number that somebody holds, then ask for its <see cref="Of"/>.
/// </summary>
internal ref struct Ranks
{
    private Present _present;
    private sbyte _count;

    public void Note(sbyte number)
    {
        if (number > 0)
            _present[number] = 1;
    }

    public readonly bool Has(sbyte number) => number > 0 && _present[number] != 0;

    /// <summary>Closes the list; returns how many different numbers there are.</summary>
    public sbyte Close()
    {
        _count = 0;
        for (var number = 1; number < 64; number++)
        {
            if (_present[number] != 0)
                _present[number] = ++_count;
        }

        return _count;
    }

    public readonly sbyte Of(sbyte number) => number > 0 ? _present[number] : number;

    [InlineArray(64)]
    private struct Present
    {
        private sbyte _first;
    }
}

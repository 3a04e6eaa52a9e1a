using System.Runtime.InteropServices;

namespace InstaGrpc.Robustness.Model.Lease;

public sealed partial class LeaseModel
{
    public LeaseState Canonical(LeaseState state)
    {
        Forget(ref state);
        // With that fault a generation is told from others by its number, and then CAS numbers of two lives can meet. As written a
        // lease of an earlier life names a dead generation, so its CAS is never compared with anything.
        if (fault != LeaseFault.SameGenerationAgain)
            RankGenerations(ref state);
        if (fault != LeaseFault.SameGenerationAgain || bounds.Restarts == 0)
            RankCas(ref state);
        Entries(ref state).Sort(static (a, b) => b.Generation.CompareTo(a.Generation));
        Span<Reader> readers = state.Readers;
        if (bounds.Readers == 2 && Bytes(readers[0]).SequenceCompareTo(Bytes(readers[1])) > 0)
            (readers[0], readers[1]) = (readers[1], readers[0]);
        return state;
    }

    /// <summary>What nobody will look at again.</summary>
    private void Forget(ref LeaseState state)
    {
        foreach (ref var reader in (Span<Reader>)state.Readers)
        {
            if (reader.At != ReaderAt.KnowsWatermark)
                reader.Lo = 0;
            var fenceIsRead = reader.At is ReaderAt.HasFence or ReaderAt.HasUncheckedSnapshot
                || (fault == LeaseFault.FenceReadBeforeLease && reader.At is ReaderAt.KnowsWatermark or ReaderAt.Won);
            if (!fenceIsRead)
                reader.Fence = 0;
            if (reader.At == ReaderAt.Kept)
                reader.Cas = reader.Value = 0;
        }
    }

    private static void RankGenerations(ref LeaseState state)
    {
        var ranks = default(Ranks);
        ranks.Note(state.Watermark.Generation);
        foreach (var lineage in (ReadOnlySpan<Lineage>)state.Lineages)
            ranks.Note(lineage.Generation);
        foreach (var reader in (ReadOnlySpan<Reader>)state.Readers)
            ranks.Note(reader.Generation);
        state.Generations = ranks.Close();

        state.Watermark.Generation = ranks.Of(state.Watermark.Generation);
        foreach (ref var lineage in (Span<Lineage>)state.Lineages)
            lineage.Generation = ranks.Of(lineage.Generation);
        foreach (ref var reader in (Span<Reader>)state.Readers)
            reader.Generation = ranks.Of(reader.Generation);
        foreach (ref var entry in Entries(ref state))
        {
            if (!ranks.Has(entry.Generation))
                entry = default; // invisible: nobody knows this generation, and it never comes back
            entry.Generation = ranks.Of(entry.Generation);
        }
    }

    private static void RankCas(ref LeaseState state)
    {
        var ranks = default(Ranks);
        ranks.Note(state.Watermark.Cas);
        foreach (var entry in Entries(ref state))
            ranks.Note(entry.Cas);
        foreach (var lineage in (ReadOnlySpan<Lineage>)state.Lineages)
            ranks.Note(lineage.Cas);
        foreach (var reader in (ReadOnlySpan<Reader>)state.Readers)
            ranks.Note(reader.Cas);
        state.Cas = ranks.Close();

        state.Watermark.Cas = ranks.Of(state.Watermark.Cas);
        foreach (ref var entry in Entries(ref state))
            entry.Cas = ranks.Of(entry.Cas);
        foreach (ref var lineage in (Span<Lineage>)state.Lineages)
            lineage.Cas = ranks.Of(lineage.Cas);
        foreach (ref var reader in (Span<Reader>)state.Readers)
            reader.Cas = ranks.Of(reader.Cas);
    }

    private static Span<Entry> Entries(ref LeaseState state) => state.Entries;

    private static ReadOnlySpan<byte> Bytes(in Reader reader) =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in reader, 1));
}

using System.Text;

namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>What an exploration found.</summary>
/// <param name="Title">Which protocol, with which bounds or which planted fault.</param>
/// <param name="States">How many different states were found.</param>
/// <param name="Fired">How often each action fired, in the order of their declaration.</param>
/// <param name="Elapsed">Wall time.</param>
/// <param name="Fault">What went wrong; null when nothing did in any interleaving.</param>
/// <param name="Trace">The shortest way to the fault, one line a step; empty without a fault.</param>
public sealed record Exploration(
    string Title, int States, IReadOnlyDictionary<string, long> Fired, TimeSpan Elapsed, string? Fault, IReadOnlyList<string> Trace)
{
    public override string ToString()
    {
        var text = new StringBuilder($"{Title}: {States:N0} states, {Fired.Values.Sum():N0} steps, {Elapsed.TotalSeconds:F1} s, ");
        text.AppendLine(Fault is null ? "no fault" : $"FAULT after {Trace.Count} steps");
        foreach (var line in Trace)
            text.Append("    ").AppendLine(line);
        if (Fault is not null)
            text.Append("    => ").AppendLine(Fault);
        return text.ToString();
    }
}

using System.Runtime.CompilerServices;

namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>Knows whether anybody will read what a step says about itself.</summary>
public interface INarrator
{
    /// <summary>True while a trace is told; false while states are counted.</summary>
    bool Narrating { get; }
}

/// <summary>An interpolated string that is only put together when a trace is told: millions of steps cost no text.</summary>
[InterpolatedStringHandler]
public ref struct Narration
{
    private DefaultInterpolatedStringHandler _text;
    private readonly bool _narrating;

    public Narration(int literalLength, int formattedCount, INarrator narrator, out bool narrating)
    {
        _narrating = narrating = narrator.Narrating;
        _text = narrating ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public override string ToString() => _narrating ? _text.ToStringAndClear() : "";
}

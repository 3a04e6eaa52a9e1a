using System.Runtime.CompilerServices;

namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>Where a model puts the steps that it takes from one state.</summary>
public sealed class Steps<TState, TAction> : INarrator
    where TState : unmanaged
    where TAction : struct, Enum
{
    private readonly List<Step> _taken = [];

    /// <inheritdoc/>
    public bool Narrating { get; init; }

    internal IReadOnlyList<Step> Taken => _taken;

    /// <summary>The first fault that a step ran into, or null.</summary>
    internal Step? Broken { get; private set; }

    /// <summary>
    /// The step <paramref name="action"/> leads to <paramref name="next"/>; <paramref name="detail"/> says who and with what.
    /// </summary>
    public void Take(TAction action, in TState next, [InterpolatedStringHandlerArgument("")] Narration detail) =>
        _taken.Add(new Step(action, next, detail.ToString()));

    /// <summary>The step <paramref name="action"/> leads to <paramref name="next"/>.</summary>
    public void Take(TAction action, in TState next) => _taken.Add(new Step(action, next, ""));

    /// <summary>The step <paramref name="action"/> answers somebody wrongly.</summary>
    public void Break(TAction action, string fault) => Broken ??= new Step(action, default, fault);

    internal void Clear()
    {
        _taken.Clear();
        Broken = null;
    }

    internal readonly record struct Step(TAction Action, TState Next, string Detail);
}

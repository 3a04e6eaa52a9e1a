namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>
/// A protocol as a machine of small steps. The explorer takes every step from every state, so a model describes what <em>may</em>
/// happen next, never what is likely.
/// </summary>
/// <typeparam name="TState">
/// Everything the protocol remembers, as a struct of one-byte fields (no padding: states are compared by their bytes).
/// </typeparam>
/// <typeparam name="TAction">
/// The names of the steps. Each one must fire in some exploration, else the model looks at less than it says.
/// </typeparam>
public interface IModel<TState, TAction>
    where TState : unmanaged
    where TAction : struct, Enum
{
    /// <summary>The state in which everything begins.</summary>
    TState Start { get; }

    /// <summary>Takes every step that can be taken in <paramref name="now"/>.</summary>
    void Explore(in TState now, Steps<TState, TAction> steps);

    /// <summary>What is wrong with <paramref name="state"/> by itself; null when nothing is.</summary>
    string? Violation(in TState state);

    /// <summary>
    /// Gives states that nobody can tell apart one form: numbers that are only compared become ranks, actors of the same kind are
    /// sorted, memories that nobody will use again are forgotten. Two states with one form must have the same future.
    /// </summary>
    TState Canonical(TState state) => state;
}

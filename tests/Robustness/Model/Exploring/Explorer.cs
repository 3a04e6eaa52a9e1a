using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>
/// Takes every step from every state, breadth-first, until nothing new is found or something is wrong. Because it goes in breadth, the
/// way to the first fault is a shortest one.
/// </summary>
public static partial class Explorer
{
    /// <summary>Explores <paramref name="model"/> whole, or up to its first fault.</summary>
    /// <exception cref="InvalidOperationException">More than <paramref name="limit"/> states: choose smaller bounds.</exception>
    public static Exploration Explore<TState, TAction>(string title, IModel<TState, TAction> model, int limit = 10_000_000)
        where TState : unmanaged
        where TAction : struct, Enum
    {
        var clock = Stopwatch.StartNew();
        var actions = Enum.GetValues<TAction>();
        var fired = new long[actions.Length];
        var found = new StateSet<TState>();
        var parents = new List<int> { -1 };
        var steps = new Steps<TState, TAction>();
        found.Add(model.Canonical(model.Start));

        for (var number = 0; number < found.Count; number++)
        {
            if (model.Violation(found[number]) is { } violation)
                return Result(violation, Retell(model, found, parents, number));
            steps.Clear();
            model.Explore(found[number], steps);
            foreach (var step in steps.Taken)
            {
                fired[Unsafe.BitCast<TAction, int>(step.Action)]++;
                if (!found.Add(model.Canonical(step.Next)))
                    continue;
                parents.Add(number);
                if (found.Count > limit)
                    throw new InvalidOperationException($"{title}: more than {limit:N0} states; choose smaller bounds.");
            }

            if (steps.Broken is { } broken)
                return Result(broken.Detail, [.. Retell(model, found, parents, number), Words(broken.Action)]);
        }

        return Result(null, []);

        Exploration Result(string? fault, IReadOnlyList<string> trace) => new(
            title, found.Count, actions.Zip(fired).ToDictionary(p => Words(p.First), p => p.Second), clock.Elapsed, fault, trace);
    }

    /// <summary>
    /// Walks the way from the start to a state once more, on states as they are, not in their canonical form: reader 1 stays
    /// reader 1 and CAS numbers grow as on a server. Works because states of one form have the same future.
    /// </summary>
    private static List<string> Retell<TState, TAction>(
        IModel<TState, TAction> model, StateSet<TState> found, List<int> parents, int number)
        where TState : unmanaged
        where TAction : struct, Enum
    {
        var way = new Stack<int>();
        for (; parents[number] >= 0; number = parents[number])
            way.Push(number);
        var lines = new List<string>();
        var now = model.Start;
        foreach (var stop in way)
        {
            var steps = new Steps<TState, TAction> { Narrating = true };
            model.Explore(now, steps);
            var step = steps.Taken.First(s => StateSet<TState>.Same(model.Canonical(s.Next), found[stop]));
            lines.Add(step.Detail == "" ? Words(step.Action) : $"{Words(step.Action)} ({step.Detail})");
            now = step.Next;
        }

        return lines;
    }

    /// <summary>"ReaderWinsLease" is told as "reader wins lease".</summary>
    private static string Words<TAction>(TAction action)
        where TAction : struct, Enum =>
        CapitalInside().Replace(action.ToString(), " $0").ToLowerInvariant();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex CapitalInside();
}

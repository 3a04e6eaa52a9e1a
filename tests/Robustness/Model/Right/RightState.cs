namespace InstaGrpc.Robustness.Model.Right;

/// <summary>A value is the number of changes that it includes.</summary>
public struct RightState
{
    public sbyte Now, Applied, Evictions, Forced;

    /// <summary>When the right was last taken; long ago at first.</summary>
    public sbyte LastTake;

    /// <summary>Handler runs of winners who could have served the stale value.</summary>
    public sbyte Runs;

    public sbyte CasOfItems, CasOfRights, Fills;
    public Item Item;
    public Right Right;

    /// <summary>Two of each of two processes: a process may win a key again while an earlier win of it waits or refills.</summary>
    public Four<Actor> Actors;
}

[System.Runtime.CompilerServices.InlineArray(4)]
public struct Four<T>
{
    private T _first;
}

/// <summary>The entry. It is never absent: a stub has no stale value, and so needs no right.</summary>
public struct Item
{
    public bool Marked, Won;
    public sbyte FillId, Value, Cas;
}

/// <summary><c>r|key</c>.</summary>
public struct Right
{
    public bool IsPresent;
    public sbyte Time, Cas;
}

public enum ActorAt : byte
{
    Idle,

    /// <summary>Holds a win; asks for the right next.</summary>
    Won,

    /// <summary>Has read the right: old, absent or in the future. Writes it next.</summary>
    Asked,

    /// <summary>The right is taken, or not needed: the handler runs next.</summary>
    Refilling,
    HasValue,

    /// <summary>Without the right, until <see cref="Actor.Due"/>.</summary>
    Waiting,

    /// <summary>As <see cref="Won"/> and <see cref="Asked"/>, after having waited.</summary>
    Held,
    HeldAsked,
}

/// <summary><see cref="WonFill"/>: the fill id that stood there at the win. <see cref="RightCas"/> 0: the right was absent.</summary>
public struct Actor
{
    public ActorAt At;
    public bool IsForced;
    public sbyte Cas, WonFill, RightCas, AskedAt, Due, Value, FlownCas;

    public readonly bool Holds(sbyte cas) => At != ActorAt.Idle && Cas == cas;
}

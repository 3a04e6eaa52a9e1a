using System.Runtime.CompilerServices;

namespace InstaGrpc.Robustness.Model.Exploring;

/// <summary>Two of a kind, inside a state.</summary>
[InlineArray(2)]
public struct Pair<T>
{
    private T _first;
}

/// <summary>Three of a kind, inside a state.</summary>
[InlineArray(3)]
public struct Triple<T>
{
    private T _first;
}

/// <summary>Up to five of a kind, inside a state.</summary>
[InlineArray(5)]
public struct Five<T>
{
    private T _first;
}

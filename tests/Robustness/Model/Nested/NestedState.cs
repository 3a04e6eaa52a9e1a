namespace InstaGrpc.Robustness.Model.Nested;

/// <summary>Values are numbers of changes; -1: none.</summary>
public struct NestedState
{
    public sbyte Rows, Lo, Hi, Outer, Inner, Fence, Read;
    public bool Applying, OuterIsDone, InnerIsDone, InnerIsMarked, HasLease;
    public OuterAt At;
}

public enum OuterAt : byte
{
    Idle,
    Won,
    HasFence,
    HasValue,
}

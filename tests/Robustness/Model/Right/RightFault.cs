namespace InstaGrpc.Robustness.Model.Right;

public enum RightFault
{
    None,

    /// <summary>The right is written whatever is there by then.</summary>
    RightWithoutCas,

    /// <summary>A right with a time in the future is waited for.</summary>
    FutureTimeBelieved,

    /// <summary>A winner without the right refills.</summary>
    RefillsWithoutRight,

    /// <summary>A winner without the right serves the stale value and thinks no more of it.</summary>
    WinForgotten,

    /// <summary>When the interval is over, the refill begins without having taken the right.</summary>
    WaitsAndTakesNoRight,

    /// <summary>Of two wins of a process, the one that asked for the right last is put off, and the other forgotten.</summary>
    LastToAskReplaces,

    /// <summary>A later win of the process comes in between the question and the right, and the earlier one flies.</summary>
    LaterWinNotFlown,

    /// <summary>After <c>EX</c>: the look's own <c>W</c> is not given back.</summary>
    LookKeepsItsWin,

    /// <summary>After <c>EX</c>: <c>ms C&lt;old&gt; I</c> without looking whose fill is there.</summary>
    KeepsOverOthersFill,
}

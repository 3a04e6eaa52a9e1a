using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Command;

/// <summary>Shows a run while it goes on.</summary>
internal interface IRunDisplay
{
    /// <summary>A line of its own.</summary>
    void Say(string line);

    /// <summary>The load begins.</summary>
    void Begin();

    /// <summary>A second is over.</summary>
    void Show(RunSecond second, int violations);

    /// <summary>The load has ended.</summary>
    void End();
}

using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>One consumer's progress; disposing ends it.</summary>
public interface IConsumerMark : IDisposable
{
    /// <summary>The consumer has done with everything up to here.</summary>
    void Report(ReplayPosition position);
}

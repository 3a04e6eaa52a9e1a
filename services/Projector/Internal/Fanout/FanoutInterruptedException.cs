namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>A job can't go on from where this worker has it: it is read again and begins after its last stored follower.</summary>
internal sealed class FanoutInterruptedException(string reason) : Exception(reason);

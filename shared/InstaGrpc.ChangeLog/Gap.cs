using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>
/// The stream does not go on from the consumer's position. Whoever gets one makes good for everything that it may have missed, and then
/// goes on: the next batch begins at <see cref="ResumeFrom"/>.
/// </summary>
/// <param name="Reason">Why.</param>
/// <param name="ResumeFrom">The predecessor of the first record that will be delivered; after a Reset, its own position.</param>
/// <param name="System">The system identifier of the stream from here on.</param>
/// <param name="OffsetHint">To be kept beside <paramref name="ResumeFrom"/>.</param>
/// <param name="Detail">For people.</param>
public sealed record Gap(GapReason Reason, ReplayPosition ResumeFrom, ulong System, long OffsetHint, string Detail);

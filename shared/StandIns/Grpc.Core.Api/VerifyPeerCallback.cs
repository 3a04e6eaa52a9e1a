namespace Grpc.Core;

/// <summary>Accepts a server (true) or refuses it.</summary>
public delegate bool VerifyPeerCallback(VerifyPeerContext context);

namespace InstaGrpc.Memcached;

/// <summary>A server's place on a ring.</summary>
/// <param name="Address"><c>host:port</c>. It alone decides which keys the server owns, so that a server which comes back gets its keys
/// back.</param>
/// <param name="Incarnation">Rises when the server is given up: what was written to an earlier incarnation is not to be looked for.</param>
public readonly record struct RingServer(string Address, int Incarnation = 1);

using System.Net;

namespace InstaGrpc.Services.Gateway.Ops;

/// <summary>All addresses of a host's name.</summary>
internal delegate Task<IPAddress[]> NameLookup(string name, CancellationToken cancellation);

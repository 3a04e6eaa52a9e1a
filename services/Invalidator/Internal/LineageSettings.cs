namespace InstaGrpc.Services.Invalidator.Internal;

/// <param name="Prefix">Of keys and topics (<c>Insta:Prefix</c>).</param>
/// <param name="Region">Of the servers (<c>Insta:Region</c>).</param>
internal sealed record LineageSettings(string Prefix, string Region);

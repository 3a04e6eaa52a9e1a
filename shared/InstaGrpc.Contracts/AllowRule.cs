namespace InstaGrpc.Contracts;

/// <summary>One entry of a method's <c>allow</c> list.</summary>
/// <param name="Kind">Who may call.</param>
/// <param name="ServiceName">The one service of <c>service:NAME</c>; null for every other rule.</param>
public sealed record AllowRule(CallerKind Kind, string? ServiceName = null)
{
    /// <summary>Reads "anonymous", "user", "service", "service:NAME" or "admin"; null for anything else.</summary>
    public static AllowRule? Parse(string text) => text switch
    {
        "anonymous" => new(CallerKind.Anonymous),
        "user" => new(CallerKind.User),
        "service" => new(CallerKind.Service),
        "admin" => new(CallerKind.Admin),
        _ when text.StartsWith("service:", StringComparison.Ordinal) && Caller.IsServiceName(text.AsSpan(8))
            => new(CallerKind.Service, text[8..]),
        _ => null,
    };

    /// <summary>
    /// Whether the caller may call. A service that acts for a user passes as that user; "anonymous" lets everybody in.
    /// </summary>
    public bool Permits(Caller caller) => Kind switch
    {
        CallerKind.Anonymous => true,
        CallerKind.User => caller.UserId is not null,
        CallerKind.Service => caller.Kind == CallerKind.Service && (ServiceName is null || ServiceName == caller.ServiceName),
        CallerKind.Admin => caller.Kind == CallerKind.Admin,
        _ => false,
    };

    /// <summary>The form that a contract writes.</summary>
    public override string ToString() => Kind switch
    {
        CallerKind.Anonymous => "anonymous",
        CallerKind.User => "user",
        CallerKind.Admin => "admin",
        _ => ServiceName is null ? "service" : $"service:{ServiceName}",
    };
}

using System.Globalization;

namespace InstaGrpc.Contracts;

/// <summary>
/// Who calls, as the metadata <c>insta-caller</c> and <c>insta-on-behalf-of</c> say it. The default value is the anonymous caller.
/// </summary>
public readonly record struct Caller
{
    private Caller(CallerKind kind, long? userId, string? serviceName) => (Kind, UserId, ServiceName) = (kind, userId, serviceName);

    /// <summary>Nobody.</summary>
    public static Caller Anonymous => default;

    /// <summary>An operator.</summary>
    public static Caller Admin => new(CallerKind.Admin, null, null);

    /// <summary>What kind of caller it is.</summary>
    public CallerKind Kind { get; }

    /// <summary>The user who calls, or for whom a service calls; null when there is none.</summary>
    public long? UserId { get; }

    /// <summary>The service's name; null for every other kind.</summary>
    public string? ServiceName { get; }

    /// <summary>A signed-in user.</summary>
    public static Caller User(long id) => id > 0
        ? new(CallerKind.User, id, null)
        : throw new ArgumentOutOfRangeException(nameof(id), id, "A user's id is positive.");

    /// <summary>A service, on behalf of a user or on its own.</summary>
    public static Caller Service(string name, long? onBehalfOf = null)
    {
        if (!IsServiceName(name))
        {
            throw new ArgumentException($"\"{name}\" is no name of a service: 1 to 32 of [a-z0-9-].", nameof(name));
        }

        return new(CallerKind.Service, onBehalfOf, name);
    }

    /// <summary>Reads the two headers' values. False when either is not what this type writes.</summary>
    /// <param name="caller">Value of <c>insta-caller</c>; null or empty: anonymous.</param>
    /// <param name="onBehalfOf">Value of <c>insta-on-behalf-of</c>; only a service may have one.</param>
    /// <param name="result">The caller; anonymous when the answer is false.</param>
    public static bool TryParse(string? caller, string? onBehalfOf, out Caller result)
    {
        result = default;
        if (string.IsNullOrEmpty(caller))
        {
            return string.IsNullOrEmpty(onBehalfOf);
        }

        if (caller.StartsWith("service:", StringComparison.Ordinal) && IsServiceName(caller.AsSpan(8)))
        {
            if (string.IsNullOrEmpty(onBehalfOf))
            {
                result = new(CallerKind.Service, null, caller[8..]);
                return true;
            }

            if (!TryParseUser(onBehalfOf, out var user))
            {
                return false;
            }

            result = new(CallerKind.Service, user, caller[8..]);
            return true;
        }

        if (!string.IsNullOrEmpty(onBehalfOf))
        {
            return false;
        }

        if (caller == "admin")
        {
            result = Admin;
            return true;
        }

        if (caller.StartsWith("user:", StringComparison.Ordinal) && TryParseUser(caller.AsSpan(5), out var id))
        {
            result = new(CallerKind.User, id, null);
            return true;
        }

        return false;
    }

    /// <summary>1 to 32 of [a-z0-9-].</summary>
    public static bool IsServiceName(ReadOnlySpan<char> name) =>
        name.Length is >= 1 and <= 32 && !name.ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>The value of <c>insta-caller</c>; "anonymous" (never sent) for nobody.</summary>
    public override string ToString() => Kind switch
    {
        CallerKind.User => string.Create(CultureInfo.InvariantCulture, $"user:{UserId}"),
        CallerKind.Service => $"service:{ServiceName}",
        CallerKind.Admin => "admin",
        _ => "anonymous",
    };

    private static bool TryParseUser(ReadOnlySpan<char> text, out long id) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) && id > 0;
}

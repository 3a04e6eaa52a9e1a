namespace InstaGrpc.Contracts;

/// <summary>Who calls.</summary>
public enum CallerKind
{
    /// <summary>Nobody said who.</summary>
    Anonymous,

    /// <summary>A signed-in user.</summary>
    User,

    /// <summary>A service, perhaps on behalf of a user.</summary>
    Service,

    /// <summary>An operator.</summary>
    Admin,
}

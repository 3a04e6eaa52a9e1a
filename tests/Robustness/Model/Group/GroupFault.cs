namespace InstaGrpc.Robustness.Model.Group;

public enum GroupFault
{
    None,

    /// <summary>A version is numbered from 1 again when there is none.</summary>
    VersionReused,

    /// <summary>A page is read from a follower that lags behind the fence.</summary>
    PageWithoutFence,
}

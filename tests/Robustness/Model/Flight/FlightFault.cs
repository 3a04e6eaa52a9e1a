namespace InstaGrpc.Robustness.Model.Flight;

public enum FlightFault
{
    None,

    /// <summary>A stale value is served to a token past its fence.</summary>
    StaleServedToToken,

    /// <summary>A token joins any flight, and gets what it brings.</summary>
    JoinedFlightServedToToken,

    /// <summary>After EX those who joined after the handler was started get the answer too.</summary>
    LateJoinerTakesOvertakenAnswer,

    /// <summary>After EX those who joined early get the answer although it was read on a follower.</summary>
    JoinerTakesFollowersOvertakenAnswer,
}

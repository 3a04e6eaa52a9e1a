namespace InstaGrpc.TestFixtures;

/// <summary>
/// Limits that a mesh of tests has where a test does not set its own: contracts promise answers within 1 or 2 s, and a memcached that answers
/// later is given up, on machines that are not compiling the first calls of four processes at once.
/// </summary>
public static class PatientSettings
{
    /// <summary>As configuration keys.</summary>
    public static IReadOnlyDictionary<string, string> Keys { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Insta:DeadlineFloor"] = "00:00:30",
        ["Insta:Memcached:OperationTimeout"] = "00:00:10",
        ["Insta:Memcached:ConnectTimeout"] = "00:00:10",
    };

    /// <summary>As environment variables of a process.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } = Keys.ToDictionary(
        static pair => pair.Key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant(), static pair => pair.Value);
}

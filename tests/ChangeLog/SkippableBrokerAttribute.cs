namespace InstaGrpc.ChangeLog.Tests;

/// <summary>A fact about one of the two brokers: skipped, by name, when the other one serves.</summary>
public sealed class SkippableBrokerAttribute : FactAttribute
{
    public SkippableBrokerAttribute(bool apache)
    {
        if (apache != (Environment.GetEnvironmentVariable("INSTA_TEST_KAFKA") == "apache"))
        {
            Skip = apache ? "needs Apache Kafka (INSTA_TEST_KAFKA=apache)" : "needs the embedded broker";
        }
    }
}

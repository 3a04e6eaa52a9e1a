using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model;

/// <summary>What every model's tests do: explore it as written, and find what was planted.</summary>
public abstract class ModelTests(ITestOutputHelper output)
{
    /// <summary>With <c>INSTA_TEST_ALL=1</c> the larger bounds are explored too.</summary>
    protected static bool All { get; } = Environment.GetEnvironmentVariable("INSTA_TEST_ALL") == "1";

    /// <summary>No fault in any interleaving, and between them the explorations took every kind of step.</summary>
    protected void AssertSound(params IEnumerable<Exploration> explorations)
    {
        var fired = new Dictionary<string, long>();
        foreach (var exploration in explorations)
        {
            output.WriteLine(exploration.ToString());
            Assert.True(exploration.Fault is null, exploration.ToString());
            foreach (var (action, times) in exploration.Fired)
                fired[action] = fired.GetValueOrDefault(action) + times;
        }

        foreach (var (action, times) in fired)
            output.WriteLine($"{times,14:N0}  {action}");
        Assert.DoesNotContain(fired, action => action.Value == 0);
    }

    /// <summary>The exploration of a planted fault ends in <paramref name="damage"/>; its shortest trace is printed.</summary>
    protected void AssertFound(Exploration exploration, string damage)
    {
        output.WriteLine(exploration.ToString());
        Assert.True(exploration.Fault is not null, $"{exploration.Title}: not found in {exploration.States:N0} states");
        Assert.Contains(damage, exploration.Fault);
    }
}

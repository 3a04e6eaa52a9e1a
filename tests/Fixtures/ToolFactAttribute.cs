using Xunit;

namespace InstaGrpc.TestFixtures;

/// <summary>
/// A test that needs unpacked tools (<see cref="Checkout.FindTool"/>). Without <c>INSTA_TOOLS</c> it is skipped by name where one is
/// missing; with it, it runs, and the missing tool is its failure.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ToolFactAttribute : FactAttribute
{
    public ToolFactAttribute(params string[] tools)
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("INSTA_TOOLS"))) return;
        var missing = tools.Where(tool => Checkout.FindTool(tool) is null).ToArray();
        if (missing.Length > 0) Skip = $"needs {string.Join(", ", missing)}: unpack it and set INSTA_TOOLS";
    }
}

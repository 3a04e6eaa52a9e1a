using InstaGrpc.TestFixtures;

namespace InstaGrpc.Load.Tests;

/// <summary>As <see cref="FullTierTheoryAttribute"/>, for a test that needs unpacked tools, too.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FullTierFactAttribute : FactAttribute
{
    public FullTierFactAttribute(params string[] tools) => Skip = new FullTierTheoryAttribute().Skip ?? new ToolFactAttribute(tools).Skip;
}

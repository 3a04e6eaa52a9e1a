using Xunit;

namespace InstaGrpc.TestFixtures;

/// <summary>As <see cref="ToolFactAttribute"/>, for a theory.</summary>
public sealed class ToolTheoryAttribute : TheoryAttribute
{
    public ToolTheoryAttribute(params string[] tools) => Skip = new ToolFactAttribute(tools).Skip;
}

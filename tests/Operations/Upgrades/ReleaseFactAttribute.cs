namespace InstaGrpc.Operations.Tests;

/// <summary>A test beside the version before this one; skipped by name in a clone that does not have it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReleaseFactAttribute : FactAttribute
{
    public ReleaseFactAttribute()
    {
        if (Release.Commit is null) Skip = "needs the commit of the last release: fetch the whole history with its tags";
    }
}

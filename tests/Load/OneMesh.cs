namespace InstaGrpc.Load.Tests;

/// <summary>Tests that share a mesh, one after the other: runs at once would write for the same users.</summary>
[CollectionDefinition(Name)]
public sealed class OneMesh : ICollectionFixture<LoadedMesh>
{
    public const string Name = "one mesh";
}

using InstaGrpc.Integration.Tests;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Proof.Tests;

/// <summary>What the proof is made on: a <see cref="PlainRun"/>; where each role is asked for in a process of its own, or another
/// <see cref="TestBroker"/>, a <see cref="RunningMesh"/>.</summary>
public sealed class ProofMesh : IAsyncLifetime
{
    private PlainRun? _plain;

    /// <summary>Its folder; null where it is not an `insta up`.</summary>
    public string? Data => _plain?.Data;

    public MeshUnderTest Mesh { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("INSTA_TEST_SPLIT") == "1" || Environment.GetEnvironmentVariable("INSTA_TEST_KAFKA") == "apache")
        {
            var running = new RunningMesh();
            await running.InitializeAsync();
            Mesh = running.Mesh;
            return;
        }
        Mesh = _plain = await PlainRun.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_plain is not null) await _plain.DisposeAsync();
    }
}

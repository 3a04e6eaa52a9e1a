using System.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Compression;
using Microsoft.AspNetCore.Builder;
using Xunit.Abstractions;

namespace InstaGrpc.StandIns.Tests;

/// <summary>Everything that the official server and client use of the two assemblies is there, as they use it.</summary>
public class SurfaceTests(ITestOutputHelper output)
{
    private static readonly Assembly[] Officials = [typeof(GrpcEndpointRouteBuilderExtensions).Assembly, typeof(GrpcChannel).Assembly];

    private static readonly Assembly[] StandIns = [typeof(Status).Assembly, typeof(ICompressionProvider).Assembly];

    [Fact]
    public void EveryMemberThatTheOfficialAssembliesReferToIsThere()
    {
        var references = ReferencesOf(Officials);
        var definitions = DefinitionsOf(StandIns);
        foreach (var reference in references)
        {
            output.WriteLine($"{(definitions.Contains(reference) ? "ok     " : "MISSING")} {reference}");
        }

        Assert.InRange(references.Count, 150, int.MaxValue);
        Assert.Empty(references.Except(definitions));
    }

    [Theory]
    [InlineData("Grpc.Core.Status::.ctor(")]
    [InlineData("Grpc.Core.Metadata/Entry::get_ValueBytes(")]
    [InlineData("Grpc.Core.Interceptors.Interceptor::UnaryServerHandler`2(")]
    [InlineData("Grpc.Core.Status::DefaultSuccess ")]
    [InlineData("Grpc.Net.Compression.ICompressionProvider::CreateCompressionStream(")]
    public void AMemberThatWereNotThereWouldBeMissed(string start)
    {
        var references = ReferencesOf(Officials);
        var definitions = DefinitionsOf(StandIns);
        definitions.RemoveWhere(definition => definition.StartsWith(start, StringComparison.Ordinal));

        Assert.All(references.Except(definitions), missing => Assert.StartsWith(start, missing, StringComparison.Ordinal));
        Assert.NotEmpty(references.Except(definitions));
    }

    /// <summary>
    /// Overrides and implementations of interfaces are no references: the runtime compares them when it loads the types, and
    /// refuses a type with an abstract member that is left over.
    /// </summary>
    [Fact]
    public void TheRuntimeLoadsEveryTypeOfTheOfficialAssemblies()
    {
        foreach (var assembly in Officials)
        {
            Assert.NotEmpty(assembly.GetTypes());
        }
    }

    [Fact]
    public void TheIdentitiesAreThoseThatTheOfficialAssembliesReferTo()
    {
        foreach (var reference in Officials.SelectMany(official => official.GetReferencedAssemblies()))
        {
            var standIn = StandIns.SingleOrDefault(assembly => assembly.GetName().Name == reference.Name)?.GetName();
            if (standIn is not null)
            {
                Assert.Equal(reference.Version, standIn.Version);
                Assert.Equal(reference.GetPublicKeyToken(), standIn.GetPublicKeyToken());
            }
        }

        Assert.Equal(["Grpc.Core.Api", "Grpc.Net.Common"], StandIns.Select(assembly => assembly.GetName().Name));
    }

    private static SortedSet<string> ReferencesOf(IEnumerable<Assembly> assemblies)
    {
        var names = StandIns.Select(standIn => standIn.GetName().Name!).ToHashSet();
        return new(assemblies.SelectMany(assembly => AssemblySurface.ReferencesInto(names, assembly.Location)), StringComparer.Ordinal);
    }

    private static SortedSet<string> DefinitionsOf(IEnumerable<Assembly> assemblies) =>
        new(assemblies.SelectMany(assembly => AssemblySurface.Definitions(assembly.Location)), StringComparer.Ordinal);
}

using InstaGrpc.TestFixtures;

namespace InstaGrpc.Integration.Tests;

/// <summary>Every command that looks at a mesh or mends it, as an operator starts it: its exit code, and a line that must be there.</summary>
public sealed class CommandTests(RunningMesh fixture) : IClassFixture<RunningMesh>
{
    // 1.5 s after ids begin, shard 7, the sixth of its millisecond.
    private const string _id = "12582919173";

    // Nobody listens there.
    private const string _nobody = "127.0.0.1:1";

    private readonly RunningMesh _mesh = fixture.Mesh;

    [Theory]
    [InlineData(0, "^insta\\.media\\.v1\\.MediaService/GetMediaCounts$", "contracts")]
    [InlineData(0, "^insta\\.media\\.v1\\.MediaService/GetMediaCounts$", "contracts", "--effective")]
    [InlineData(1, "^still in use: .+ \\(a process renewed it within the last hour\\)$", "contracts", "retire", "insta.media.v1.MediaService/GetMedia")]
    [InlineData(2, "^insta: no contract of 'GetMedia' is announced: give the full name", "contracts", "retire", "GetMedia")]
    [InlineData(0, "^2026-01-01T00:00:01\\.500Z +7 +5 *$", "ids", "decode", _id)]
    [InlineData(2, "^insta: -1 is no id", "ids", "decode", "--", "-1")]
    [InlineData(0, "^insta-caller: user:5$", "token", "--user", "5")]
    [InlineData(0, "^insta-caller: service:shop$", "token", "--service", "shop")]
    [InlineData(0, "^insta-caller: admin$", "token", "--admin")]
    [InlineData(0, "^n2 .*[0-9,]+ bytes", "changes", "status")]
    [InlineData(0, "^n1: .* [0-9]+( of [0-9]+)?, [0-9]+ rows were wrong$", "rebuild", "--node", "n1")]
    [InlineData(2, "^insta: there is no node 'n9': choose from n1, n2$", "rebuild", "--node", "n9")]
    [InlineData(0, "^0 faults, [0-9]+ warnings$", "doctor")]
    [InlineData(0, "^ +\"shard\": 7,?$", "call", "insta.id.v1.IdService/Decode", $$"""{"id": "{{_id}}"}""")]
    [InlineData(0, "^ +\"name\": \"n1\",?$|\"primary\": \"n1\"", "call", "Locate", """{"shard": 0}""")]
    [InlineData(1, "^NotFound: ", "call", "ResolveName", """{"name": "nobody.has.this"}""")]
    [InlineData(1, "^InvalidArgument: .*user_id", "call", "GetUser", "{}")]
    [InlineData(2, "^insta: the request is no insta\\.graph\\.v1\\.GetUserRequest: ", "call", "GetUser", """{"user": 1}""")]
    [InlineData(0, "^up to date$", "migrate")]
    [InlineData(0, "^projector +", "roles")]
    [InlineData(0, "^Insta:Postgres:MaxPoolSize +", "config")]
    public async Task ItSaysWhatItHasDone(int code, string line, params string[] arguments)
    {
        var (ended, output) = await InstaProcess.RunAsync(Variables(), arguments);

        Assert.True(ended == code, output);
        Assert.Matches($"(?m){line}", output);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheDoctorNamesServersThatAreAwayAndEndsWithOne()
    {
        var variables = Variables();
        variables["INSTA__MEMCACHED__SERVERS"] = _nobody;
        variables["INSTA__KAFKA__BOOTSTRAPSERVERS"] = _nobody;

        var (code, output) = await InstaProcess.RunAsync(variables, "doctor");

        Assert.Equal(1, code);
        Assert.Matches($"(?m)^error +{_nobody} +memcached .*start it, or change Insta:Memcached:Servers *$", output);
        Assert.Matches($"(?m)^error +{_nobody} +kafka .*start it, or change Insta:Kafka:BootstrapServers *$", output);
        Assert.Matches("(?m)^2 faults, ", output);
    }

    [Fact]
    public async Task WhatIsEffectiveHasTheOverridesInForce()
    {
        var variables = Variables();
        variables["INSTA__METHODS__insta.media.v1.MediaService/GetMedia__DEADLINEMS"] = "777";

        var (code, output) = await InstaProcess.RunAsync(variables, "contracts", "--effective");

        Assert.True(code == 0, output);
        Assert.Contains("deadline 777 ms", output, StringComparison.Ordinal);
    }

    private Dictionary<string, string> Variables() => new(_mesh.Variables) { ["INSTA__GRPC__ADDRESS"] = "http://" + _mesh.GrpcOf("id") };
}

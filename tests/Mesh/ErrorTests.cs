using Grpc.Core;
using InstaGrpc.Mesh.Internal.Rpc;
using InstaGrpc.Mesh.Tests.NotesV1;
using Status = InstaGrpc.Mesh.Internal.Rpc.Status;

namespace InstaGrpc.Mesh.Tests;

public sealed class ErrorTests(NotesFixture fixture) : IClassFixture<NotesFixture>
{
    [Theory]
    [InlineData("not-found", StatusCode.NotFound, "note 7 does not exist")]
    [InlineData("already-exists", StatusCode.AlreadyExists, "the note is there")]
    [InlineData("invalid", StatusCode.InvalidArgument, "how: must be good")]
    [InlineData("precondition", StatusCode.FailedPrecondition, "first the other thing")]
    [InlineData("denied", StatusCode.PermissionDenied, "not yours")]
    [InlineData("unauthenticated", StatusCode.Unauthenticated, "who are you")]
    [InlineData("exhausted", StatusCode.ResourceExhausted, "too much")]
    [InlineData("unavailable", StatusCode.Unavailable, "it is away")]
    [InlineData("deadline", StatusCode.DeadlineExceeded, "too late")]
    [InlineData("overdue", StatusCode.DeadlineExceeded, "the call's time is over")]
    [InlineData("called-late", StatusCode.DeadlineExceeded, "a service that this call needs did not answer within the call's time")]
    public async Task ADomainErrorBecomesItsStatusWithItsMessage(string how, StatusCode code, string message)
    {
        var error = await FailAsync(how);

        Assert.Equal(code, error.StatusCode);
        Assert.Equal(message, error.Status.Detail);
    }

    [Fact]
    public async Task AnUnexpectedExceptionShowsATraceIdAndNothingOfTheInside()
    {
        var error = await FailAsync("any");

        Assert.Equal(StatusCode.Internal, error.StatusCode);
        Assert.Matches("^an internal error; trace [0-9a-f]{32}$", error.Status.Detail);
        Assert.DoesNotContain(error.Trailers, t => t.Key.Contains("exception", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnInvalidFieldIsNamedInTheDetails()
    {
        var error = await FailAsync("invalid");

        var status = Status.Parser.ParseFrom(error.Trailers.GetValueBytes("grpc-status-details-bin"));
        var violation = Assert.Single(status.Details.Single().Unpack<BadRequest>().FieldViolations);
        Assert.Equal("how", violation.Field);
        Assert.Equal("must be good", violation.Description);
    }

    [Fact]
    public async Task ALimitSaysWhenToTryAgain() =>
        Assert.Equal("1500", (await FailAsync("exhausted")).Trailers.GetValue("grpc-retry-pushback-ms"));

    [Fact]
    public async Task AnotherShardMapsEpochIsInTheTrailers()
    {
        var error = await FailAsync("wrong-shard");

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Equal("42", error.Trailers.GetValue("insta-epoch"));
    }

    [Fact]
    public async Task AMethodWithoutAnOverrideIsUnimplemented()
    {
        var plain = await Assert.ThrowsAsync<RpcException>(async () => await fixture.Host.Notes.NotThereAsync(new()));
        var cached = await Assert.ThrowsAsync<RpcException>(async () => await fixture.Host.Notes.NotThereCachedAsync(new() { NoteId = 1 }));

        Assert.Equal(StatusCode.Unimplemented, plain.StatusCode);
        Assert.Equal(StatusCode.Unimplemented, cached.StatusCode);
    }

    [Fact]
    public async Task AMissingIdIsRefusedBeforeTheHandlerRuns()
    {
        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await fixture.Host.Notes.WriteNoteAsync(new() { Text = "x" }, NotesHost.As("user:1")));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal("note_id: must be an id: a number above 0", error.Status.Detail);
    }

    private async Task<RpcException> FailAsync(string how) =>
        await Assert.ThrowsAsync<RpcException>(async () => await fixture.Host.Notes.FailAsync(new FailRequest { How = how }));
}

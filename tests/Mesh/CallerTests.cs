using Grpc.Core;
using InstaGrpc.Mesh.Tests.NotesV1;

namespace InstaGrpc.Mesh.Tests;

public sealed class CallerTests(NotesFixture fixture) : IClassFixture<NotesFixture>
{
    [Theory]
    [InlineData("user:42", null, "user:42", "42")]
    [InlineData("service:feed", null, "service:feed", "")]
    [InlineData("service:feed", "42", "service:feed", "42")]
    [InlineData("admin", null, "admin", "")]
    [InlineData(null, null, "anonymous", "")]
    public async Task TheInternalListenerBelievesWhoCalls(string? caller, string? onBehalfOf, string expected, string user)
    {
        var headers = new Metadata();
        if (caller is not null)
        {
            headers.Add("insta-caller", caller);
        }

        if (onBehalfOf is not null)
        {
            headers.Add("insta-on-behalf-of", onBehalfOf);
        }

        var seen = await fixture.Host.Notes.DescribeAsync(new() { Name = Guid.NewGuid().ToString() }, headers);

        Assert.Equal(expected, seen.Caller);
        Assert.Equal(user, seen.UserId);
    }

    [Fact]
    public async Task FromOutsideEverybodyIsAnonymous()
    {
        var seen = await fixture.Host.NotesFromOutside.DescribeAsync(new() { Name = Guid.NewGuid().ToString() }, NotesHost.As("admin"));
        var refused = await Assert.ThrowsAsync<RpcException>(
            async () => await fixture.Host.NotesFromOutside.ReadNoteAsync(new() { NoteId = 1 }, NotesHost.As("service:feed")));

        Assert.Equal("anonymous", seen.Caller);
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    [Theory]
    [InlineData("user:0")]
    [InlineData("user:-1")]
    [InlineData("user:1x")]
    [InlineData("root")]
    [InlineData("service:")]
    [InlineData("service:Feed")]
    public async Task ACallerThatIsNoneIsRefused(string caller)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await fixture.Host.Notes.DescribeAsync(new(), NotesHost.As(caller)));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Theory]
    [InlineData("user:1", "insta-caller", "admin")]
    [InlineData("user:1", "insta-on-behalf-of", "2")]
    [InlineData("admin", "insta-on-behalf-of", "2")]
    public async Task TwoIdentitiesAreRefused(string caller, string name, string value)
    {
        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await fixture.Host.Notes.DescribeAsync(new(), NotesHost.As(caller, (name, value))));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task WhoIsNotAllowedIsTold()
    {
        using var call = fixture.Host.Notes.Count(new CountRequest { Upto = 3 }, NotesHost.As("user:1"));

        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.PermissionDenied, error.StatusCode);
        Assert.Equal("user:1 may not call test.notes.v1.NotesService/Count; it allows admin", error.Status.Detail);
    }

    [Fact]
    public async Task AStreamComesThrough()
    {
        using var call = fixture.Host.Notes.Count(new CountRequest { Upto = 3 }, NotesHost.As("admin"));
        var numbers = new List<uint>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            numbers.Add(call.ResponseStream.Current.Number);
        }

        Assert.Equal([1u, 2u, 3u], numbers);
    }

    [Fact]
    public async Task EachCallerHasItsOwnRate()
    {
        var busy = NotesHost.As("user:7001");
        for (var i = 0; i < 3; i++)
        {
            await fixture.Host.Notes.LimitedAsync(new(), busy);
        }

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await fixture.Host.Notes.LimitedAsync(new(), busy));
        await fixture.Host.Notes.LimitedAsync(new(), NotesHost.As("user:7002"));

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.InRange(int.Parse(refused.Trailers.GetValue("grpc-retry-pushback-ms")!,
            System.Globalization.CultureInfo.InvariantCulture), 1, 2000);
    }
}

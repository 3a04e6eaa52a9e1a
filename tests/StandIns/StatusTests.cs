using Grpc.Core;

namespace InstaGrpc.StandIns.Tests;

public class StatusTests
{
    [Fact]
    public void AStatusReadsAsOneLine()
    {
        Assert.Equal(
            "Status(StatusCode=\"NotFound\", Detail=\"no such photo\")", new Status(StatusCode.NotFound, "no such photo").ToString());
        Assert.Equal(
            "Status(StatusCode=\"Internal\", Detail=\"\", DebugException=\"System.TimeoutException: late\")",
            new Status(StatusCode.Internal, "", new TimeoutException("late")).ToString());
    }

    [Fact]
    public void AnExceptionCarriesStatusTrailersAndCause()
    {
        var cause = new TimeoutException("late");
        var trailers = new Metadata { { "k", "v" } };
        var failure = new RpcException(new Status(StatusCode.Unavailable, "away", cause), trailers);

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        Assert.Same(trailers, failure.Trailers);
        Assert.Same(cause, failure.InnerException);
        Assert.Equal(failure.Status.ToString(), failure.Message);
        Assert.Equal("said", new RpcException(Status.DefaultCancelled, "said").Message);
        Assert.Empty(new RpcException(Status.DefaultCancelled).Trailers);
        Assert.Throws<ArgumentNullException>(() => new RpcException(Status.DefaultCancelled, (Metadata)null!));
    }

    [Fact]
    public void TheCodesHaveTheNumbersOfTheWire()
    {
        string[] names =
        [
            "OK", "Cancelled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
            "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss",
            "Unauthenticated",
        ];

        Assert.Equal(names, Enum.GetValues<StatusCode>().Select(code => code.ToString()));
        Assert.Equal(Enumerable.Range(0, 17), Enum.GetValues<StatusCode>().Select(code => (int)code));
    }

    [Fact]
    public void CallOptionsChangeOnlyInTheCopy()
    {
        var options = new CallOptions();
        var changed = options
            .WithHeaders(new Metadata { { "k", "v" } })
            .WithDeadline(DateTime.UnixEpoch)
            .WithWriteOptions(new WriteOptions(WriteFlags.NoCompress))
            .WithWaitForReady();

        Assert.Null(options.Headers);
        Assert.Null(options.Deadline);
        Assert.False(options.IsWaitForReady);
        Assert.Equal("v", changed.Headers?.GetValue("k"));
        Assert.Equal(DateTime.UnixEpoch, changed.Deadline);
        Assert.Equal(WriteFlags.NoCompress, changed.WriteOptions?.Flags);
        Assert.True(changed.IsWaitForReady);
        Assert.False(changed.WithWaitForReady(false).IsWaitForReady);
    }

    [Fact]
    public void AnAuthContextGivesThePeersProperties()
    {
        var name = AuthProperty.Create("name", "größe"u8.ToArray());
        var context = new AuthContext("name", new Dictionary<string, List<AuthProperty>> { ["name"] = [name] });

        Assert.True(context.IsPeerAuthenticated);
        Assert.Equal([name], context.PeerIdentity);
        Assert.Equal([name], context.Properties);
        Assert.Equal("größe", name.Value);
        Assert.Empty(context.FindPropertiesByName("other"));
        Assert.Empty(new AuthContext(null, []).PeerIdentity);
    }
}

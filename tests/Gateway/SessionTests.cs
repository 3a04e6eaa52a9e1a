using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Services.Gateway;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Gateway.Tests;

public sealed class SessionTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public void WithoutAnotherSettingAPasswordIsHashedAsOftenAsOwaspRecommends() =>
        Assert.Equal(210_000, new InstaGrpc.Services.Gateway.GatewayOptions().PasswordIterations);

    [Fact]
    public async Task WhoSignsUpIsSignedIn()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        var session = await mesh.SignUpAsync("ada");

        var profile = await mesh.AppAs(session).ProfileAsync(new ProfileRequest { UserId = session.User.Id });

        Assert.Equal("ada", profile.User.Name);
        Assert.Equal(900u, session.ExpiresInSeconds);
    }

    [Fact]
    public async Task ARepeatedSignUpGivesTheSameUserToHimAlone()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        var first = await mesh.SignUpAsync("ada");

        var second = await mesh.SignUpAsync("ada");
        var other = new SignUpRequest { Name = "ada", Password = "another one", RequestId = "ada" };

        Assert.Equal(first.User.Id, second.User.Id);
        Assert.Equal(StatusCode.AlreadyExists, await CodeAsync(mesh.App.SignUpAsync(other)));
        other.RequestId = "mine";
        Assert.Equal(StatusCode.AlreadyExists, await CodeAsync(mesh.App.SignUpAsync(other)));
    }

    [Fact]
    public async Task NobodyGetsAtAUserOfAnImportByGuessingWhatMadeHim()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync();

        var signUp = mesh.App.SignUpAsync(new SignUpRequest { Name = user.Name, Password = "my own now", RequestId = user.Name });

        Assert.Equal(StatusCode.AlreadyExists, await CodeAsync(signUp));
    }

    [Fact]
    public async Task UnknownNameWrongPasswordAndDeletedUserAreRefusedAlike()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        await mesh.SignUpAsync("ada");
        var gone = await mesh.SignUpAsync("gone");
        await new GraphService.GraphServiceClient(mesh.Process.As("admin")).DeleteUserAsync(new DeleteUserRequest { UserId = gone.User.Id });

        var refusals = new[]
        {
            await RefusalAsync(mesh.App.SignInAsync(new SignInRequest { Name = "ada", Password = "wrong horse" })),
            await RefusalAsync(mesh.App.SignInAsync(new SignInRequest { Name = "nobody", Password = GatewayMesh.Password })),
            await RefusalAsync(mesh.App.SignInAsync(new SignInRequest { Name = "gone", Password = GatewayMesh.Password })),
        };

        Assert.All(refusals, refusal => Assert.Equal(new Status(StatusCode.Unauthenticated, "name or password is wrong"), refusal));
    }

    [Fact]
    public async Task ARefreshTokenThatComesBackEndsItsSession()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Gateway:RefreshGrace", "00:00:00"));
        var session = await mesh.SignUpAsync();
        var other = (await mesh.App.SignInAsync(new SignInRequest { Name = session.User.Name, Password = GatewayMesh.Password })).Session;
        var next = (await mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = session.RefreshToken })).Session;

        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = session.RefreshToken })));

        // The thief's or the owner's: nobody can tell.
        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = next.RefreshToken })));

        // His other phone is not concerned.
        await mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = other.RefreshToken });
    }

    [Fact]
    public async Task ALostAnswerIsGivenAgainUntilItsTokenWasUsed()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Gateway:RefreshGrace", "01:00:00"));
        var session = await mesh.SignUpAsync();
        var lost = (await mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = session.RefreshToken })).Session;

        var again = (await mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = session.RefreshToken })).Session;
        await mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = again.RefreshToken });

        Assert.Equal(lost.RefreshToken, again.RefreshToken);
        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = session.RefreshToken })));
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task AMadeUpRefreshTokenIsNone(string token)
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);

        var code = await CodeAsync(mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = token }));

        Assert.Equal(token.Length == 0 ? StatusCode.InvalidArgument : StatusCode.Unauthenticated, code);
    }

    [Fact]
    public async Task AnAccessTokenEnds()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Gateway:AccessTokenLifetime", "00:00:00.001"));
        var session = await mesh.SignUpAsync();

        var refusal = await RefusalAsync(mesh.AppAs(session).HomeAsync(new HomeRequest()));

        Assert.Equal(new Status(StatusCode.Unauthenticated, "the access token has expired: get a new one with Refresh"), refusal);
    }

    [Fact]
    public async Task ATokenOfAnotherMeshIsNotValidHere()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        await using var other = await GatewayMesh.StartAsync(servers.Servers);
        var session = await other.SignUpAsync();

        Assert.Equal("the access token is not valid", (await RefusalAsync(mesh.AppAs(session).HomeAsync(new HomeRequest()))).Detail);

        // Signed by nobody.
        var parts = session.AccessToken.Split('.');
        var unsigned = Convert.ToBase64String("""{"alg":"none","typ":"at+jwt"}"""u8).TrimEnd('=') + $".{parts[1]}.";
        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(GatewayMesh.AppAs(other.Process, unsigned).HomeAsync(new HomeRequest())));
    }

    [Fact]
    public async Task AWeakHashIsMadeAnewWhenItsUserSignsIn()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync();
        await using (var scope = mesh.Process.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<UserPasswords>().AddKnownAsync(user.Id, "instagrpc", default);
        }

        await mesh.App.SignInAsync(new SignInRequest { Name = user.Name, Password = "instagrpc" });

        var database = await mesh.DatabaseOfAsync(user.Id);
        Assert.Equal(1000, await database.QueryAsync<int>($"SELECT iterations FROM credentials WHERE user_id = {user.Id}"));
        await mesh.App.SignInAsync(new SignInRequest { Name = user.Name, Password = "instagrpc" });
    }

    [Fact]
    public async Task SignInsOfOneAddressAreLimited()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        RpcException? refusal = null;
        for (var i = 0; i < 200 && refusal is null; i++)
        {
            try
            {
                await mesh.App.SignInAsync(new SignInRequest { Name = "ada", Password = "guess" });
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted)
            {
                refusal = e;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unauthenticated)
            {
            }
        }

        Assert.NotNull(refusal);
        Assert.InRange(int.Parse(refusal.Trailers.GetValue(MetadataNames.RetryPushback)!), 1, 1000);
    }

    private static async Task<StatusCode> CodeAsync<T>(AsyncUnaryCall<T> call) => (await RefusalAsync(call)).StatusCode;

    private static async Task<Status> RefusalAsync<T>(AsyncUnaryCall<T> call)
    {
        try
        {
            await call;
            return Status.DefaultSuccess;
        }
        catch (RpcException e)
        {
            return e.Status;
        }
    }
}

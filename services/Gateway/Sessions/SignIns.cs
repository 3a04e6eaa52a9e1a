using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>Users by name and password, and the sessions that they get.</summary>
internal sealed class SignIns(
    Credentials credentials, PasswordHashing hashing, RefreshTokens refreshTokens, AccessTokens accessTokens, GatewayOptions options,
    GraphService.GraphServiceClient graph)
{
    /// <summary>Makes a user with a password. The same request with the same password signs in whom it made before.</summary>
    /// <exception cref="AlreadyExistsException">The name is taken.</exception>
    public async ValueTask<Session> SignUpAsync(
        string name, string displayName, string password, string requestId, CancellationToken cancellation)
    {
        var hash = await hashing.HashAsync(password, cancellation).ConfigureAwait(false);
        var request = new CreateUserRequest { Name = name, DisplayName = displayName, RequestId = RequestIdOf(requestId) };
        var user = (await graph.CreateUserAsync(request, cancellationToken: cancellation).ConfigureAwait(false)).User;
        if (!await credentials.AddAsync(user.Id, hash, cancellation).ConfigureAwait(false))
        {
            var stored = await credentials.FindAsync(user.Id, cancellation).ConfigureAwait(false);
            if (!await hashing.VerifyAsync(password, stored, cancellation).ConfigureAwait(false))
            {
                throw new AlreadyExistsException($"the name {name} is taken");
            }
        }

        return await BeginAsync(user, cancellation).ConfigureAwait(false);
    }

    /// <summary>One refusal for an unknown name, a wrong password and a deleted user, after the same work.</summary>
    /// <exception cref="UnauthenticatedException">Name or password is wrong.</exception>
    public async ValueTask<Session> SignInAsync(string name, string password, CancellationToken cancellation)
    {
        var user = await ResolveAsync(name, cancellation).ConfigureAwait(false);
        var stored = await credentials.FindAsync(user, cancellation).ConfigureAwait(false);
        if (!await hashing.VerifyAsync(password, stored, cancellation).ConfigureAwait(false)
            || await FindAsync(user, cancellation).ConfigureAwait(false) is not { } found)
        {
            throw new UnauthenticatedException("name or password is wrong");
        }

        if (!hashing.IsCurrent(stored!))
        {
            var renewed = await hashing.HashAsync(password, cancellation).ConfigureAwait(false);
            await credentials.RenewAsync(user, renewed, stored!, cancellation).ConfigureAwait(false);
        }

        return await BeginAsync(found, cancellation).ConfigureAwait(false);
    }

    /// <exception cref="UnauthenticatedException">The session has ended.</exception>
    public async ValueTask<Session> RefreshAsync(string refreshToken, CancellationToken cancellation)
    {
        if (await refreshTokens.RotateAsync(refreshToken, cancellation).ConfigureAwait(false) is not var (id, next)
            || await FindAsync(id, cancellation).ConfigureAwait(false) is not { } user)
        {
            throw new UnauthenticatedException("the session has ended: sign in again");
        }

        return await SessionAsync(user, next, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<Session> BeginAsync(User user, CancellationToken cancellation) =>
        await SessionAsync(user, await refreshTokens.BeginAsync(user.Id, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    private async ValueTask<Session> SessionAsync(User user, string refreshToken, CancellationToken cancellation) => new()
    {
        AccessToken = await accessTokens.IssueAsync(user.Id, cancellation).ConfigureAwait(false),
        ExpiresInSeconds = (uint)options.AccessTokenLifetime.TotalSeconds,
        RefreshToken = refreshToken,
        User = user,
    };

    /// <summary>The user of a name; where there is none, an id that nobody has, on a shard that the name chooses.</summary>
    private async ValueTask<long> ResolveAsync(string name, CancellationToken cancellation)
    {
        try
        {
            var resolved = await graph.ResolveNameAsync(new ResolveNameRequest { Name = name }, cancellationToken: cancellation).ConfigureAwait(false);
            return resolved.UserId;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            var shard = SHA256.HashData(Encoding.UTF8.GetBytes(name))[0] % InstaId.Shards;
            return InstaId.Compose(1, shard, 0);
        }
    }

    private async ValueTask<User?> FindAsync(long user, CancellationToken cancellation)
    {
        try
        {
            return (await graph.GetUserAsync(new GetUserRequest { UserId = user }, cancellationToken: cancellation).ConfigureAwait(false)).User;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    // Apart from those of operators and imports: nobody gets at a user without a password by guessing what made him.
    private static string RequestIdOf(string requestId) =>
        "app:" + Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(requestId)));
}

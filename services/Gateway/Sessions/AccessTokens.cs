using System.Collections.Concurrent;
using System.Globalization;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>Access tokens: JWT under ES256 (RFC 9068). Whoever has the public keys can check them; nobody is asked.</summary>
internal sealed class AccessTokens(GatewayKeys keys, GatewayOptions options, TimeProvider time)
{
    public const string Audience = "insta-app";

    private const string TokenType = "at+jwt";

    // Good tokens that were seen: a check costs more than most answers. Emptied when full; a token is checked again then.
    private const int MostSeen = 50_000;
    private const int LongestToken = 4096;

    private static readonly EdgeCaller _expired = new(Caller.Anonymous, "the access token has expired: get a new one with Refresh");
    private static readonly EdgeCaller _bad = new(Caller.Anonymous, "the access token is not valid");

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly ConcurrentDictionary<string, EdgeCaller> _seen = new(StringComparer.Ordinal);
    private readonly TimeSpan _skew = TimeSpan.FromSeconds(30);

    /// <summary>A token for a user, good from now on.</summary>
    public async ValueTask<string> IssueAsync(long user, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var ring = await keys.GetAsync(cancellation).ConfigureAwait(false);
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = TokenType,
            Issuer = options.Issuer,
            Audience = Audience,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + options.AccessTokenLifetime).UtcDateTime,
            Claims = new Dictionary<string, object>
            {
                [JwtRegisteredClaimNames.Sub] = user.ToString(CultureInfo.InvariantCulture),
                [JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString("N"),
            },
            SigningCredentials = ring.Signing(now).Credentials,
        });
    }

    /// <summary>Who has this token.</summary>
    public async ValueTask<EdgeCaller> ReadAsync(string token, CancellationToken cancellation)
    {
        if (!_seen.TryGetValue(token, out var caller))
        {
            caller = await CheckAsync(token, cancellation).ConfigureAwait(false);
            if (caller.Caller.Kind == CallerKind.User)
            {
                if (_seen.Count >= MostSeen)
                {
                    _seen.Clear();
                }

                _seen.TryAdd(token, caller);
            }
        }

        return caller.Until < time.GetUtcNow() ? _expired : caller;
    }

    private async ValueTask<EdgeCaller> CheckAsync(string text, CancellationToken cancellation)
    {
        if (text.Length > LongestToken || !_handler.CanReadToken(text))
        {
            return _bad;
        }

        JsonWebToken token;
        try
        {
            token = _handler.ReadJsonWebToken(text);
        }
        catch (ArgumentException)
        {
            return _bad;
        }

        if (token.Kid is not { Length: > 0 } kid || await keys.FindAsync(kid, cancellation).ConfigureAwait(false) is not { } key)
        {
            return _bad;
        }

        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = options.Issuer,
            ValidAudience = Audience,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidTypes = [TokenType],
            IssuerSigningKey = key.Key,
            RequireExpirationTime = true,
            LifetimeValidator = (from, until, _, _) => IsNow(from, until),
        }).ConfigureAwait(false);
        if (!result.IsValid)
        {
            return result.Exception is SecurityTokenInvalidLifetimeException ? _expired : _bad;
        }

        return long.TryParse(token.Subject, NumberStyles.None, CultureInfo.InvariantCulture, out var user) && user > 0
            ? new EdgeCaller(Caller.User(user), null, new DateTimeOffset(token.ValidTo, TimeSpan.Zero))
            : _bad;
    }

    // The clocks of two processes differ a little; a token that is about to end may end a moment later.
    private bool IsNow(DateTime? from, DateTime? until)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return until is { } end && end > now && !(from > now + _skew);
    }
}

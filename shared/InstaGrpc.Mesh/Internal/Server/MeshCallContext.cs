using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// A call on its way through the interceptors: the server's own context, narrowed (deadline) and with what the interceptors found out.
/// It costs one object; a timer only when somebody asks for the cancellation token of a call whose ceiling is below its deadline,
/// which an answer from the process's own copies never does.
/// </summary>
internal sealed class MeshCallContext : ServerCallContext, ICallerSource, IDisposable
{
    private readonly ServerCallContext _inner;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private DateTime _deadline;
    private CancellationTokenSource? _ceiling;
    private CancellationTokenRegistration _ceilingRegistration;
    private ReadTokenJar? _tokens;

    public MeshCallContext(ServerCallContext inner, ServedMethod served, TimeProvider time)
    {
        _inner = inner;
        _time = time;
        Served = served;
        Http = inner.GetHttpContext();
        _deadline = inner.Deadline;
    }

    public ServedMethod Served { get; }

    /// <summary>The HTTP request behind the call.</summary>
    public HttpContext Http { get; }

    public MethodContract Contract => Served.Contract;

    /// <summary>Set by <see cref="CallerCheck"/>.</summary>
    public Caller Caller { get; set; }

    /// <summary>What the caller has seen: the request's token. Set by <see cref="ConditionsCheck"/>.</summary>
    public ReadToken RequestToken { get; set; } = ReadToken.Empty;

    /// <summary>The caller's own limit of staleness; null: the contract's.</summary>
    public TimeSpan? MaxStale { get; set; }

    /// <summary>The caller's shard map epoch; null: not said.</summary>
    public long? Epoch { get; set; }

    /// <summary>The cached run that makes this call (<see cref="MeshHeaders.Run"/>); null: none.</summary>
    public string? OuterRun { get; set; }

    /// <summary>Tokens of this call: the request's, and those of everything that it wrote.</summary>
    public ReadTokenJar Tokens => _tokens ?? MakeTokens();

    /// <summary>Whether anybody has asked for <see cref="Tokens"/>.</summary>
    public bool HasTokens => _tokens is not null;

    /// <summary>Time until the deadline; <see cref="Timeout.InfiniteTimeSpan"/> without one. Never negative otherwise.</summary>
    public TimeSpan Remaining
    {
        get
        {
            if (_deadline == DateTime.MaxValue)
            {
                return Timeout.InfiniteTimeSpan;
            }

            var left = _deadline - _time.GetUtcNow().UtcDateTime;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Cancelled when the caller goes away or its own deadline passes, but not by the contract's ceiling; costs nothing.</summary>
    public CancellationToken CallerCancellation => _inner.CancellationToken;

    /// <summary>Whether the deadline, the caller's or the contract's, has passed.</summary>
    public bool IsOverdue => _deadline <= _time.GetUtcNow().UtcDateTime

        // The timer may be a little ahead of the clock that the deadline is told in.
        || (_ceiling is { IsCancellationRequested: true } && !IsAbandoned);

    /// <summary>Whether the caller went away, or its own deadline passed: the server's context is cancelled then.</summary>
    public bool IsAbandoned => _inner.CancellationToken.IsCancellationRequested;

    public Caller ReadCaller() => Caller;

    /// <summary>Lowers the deadline to the contract's ceiling; a shorter one of the caller stays.</summary>
    public void Limit(TimeSpan ceiling)
    {
        var latest = _time.GetUtcNow().UtcDateTime + ceiling;
        if (latest < _deadline)
        {
            _deadline = latest;
        }
    }

    /// <summary>How the server's own pipeline finds its way from a context that is not its own: before its continuation is
    /// called.</summary>
    public void EnterPipeline() => _inner.UserState["__HttpContext"] = Http;

    public void Dispose()
    {
        _ceilingRegistration.Dispose();
        _ceiling?.Dispose();
    }

    protected override string MethodCore => _inner.Method;

    protected override string HostCore => _inner.Host;

    protected override string PeerCore => _inner.Peer;

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => _inner.RequestHeaders;

    protected override CancellationToken CancellationTokenCore =>
        _deadline == _inner.Deadline ? _inner.CancellationToken : CeilingToken();

    protected override Metadata ResponseTrailersCore => _inner.ResponseTrailers;

    protected override Status StatusCore
    {
        get => _inner.Status;
        set => _inner.Status = value;
    }

    protected override WriteOptions? WriteOptionsCore
    {
        get => _inner.WriteOptions;
        set => _inner.WriteOptions = value;
    }

    protected override AuthContext AuthContextCore => _inner.AuthContext;

    protected override IDictionary<object, object> UserStateCore => _inner.UserState;

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => _inner.WriteResponseHeadersAsync(responseHeaders);

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        _inner.CreatePropagationToken(options);

    private CancellationToken CeilingToken()
    {
        lock (_gate)
        {
            if (_ceiling is null)
            {
                _ceiling = new CancellationTokenSource(Remaining, _time);
                _ceilingRegistration = _inner.CancellationToken.UnsafeRegister(
                    static source => ((CancellationTokenSource)source!).Cancel(), _ceiling);
            }

            return _ceiling.Token;
        }
    }

    private ReadTokenJar MakeTokens()
    {
        var jar = new ReadTokenJar();
        jar.Add(RequestToken);
        return Interlocked.CompareExchange(ref _tokens, jar, null) ?? jar;
    }
}

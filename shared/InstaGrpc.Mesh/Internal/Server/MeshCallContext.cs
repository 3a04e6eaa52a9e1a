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
    // A timer may be a little ahead of the clock that the deadline is told in.
    private static readonly TimeSpan s_timerAhead = TimeSpan.FromMilliseconds(2);

    private readonly ServerCallContext? _server;
    private readonly TimeProvider _time;
    private DateTime _deadline;
    private CancellationTokenSource? _ceiling;
    private CancellationTokenRegistration _ceilingRegistration;
    private ReadTokenJar? _tokens;

    public MeshCallContext(ServerCallContext server, ServedMethod served, TimeProvider time)
        : this(server.GetHttpContext(), served, time)
    {
        _server = server;
        _deadline = server.Deadline;
    }

    /// <summary>A call that the server has made no context for: enough for the checks, not for a handler.</summary>
    public MeshCallContext(HttpContext http, ServedMethod served, TimeProvider time)
    {
        _time = time;
        Served = served;
        Http = http;
        _deadline = DateTime.MaxValue;
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
    public CancellationToken CallerCancellation => _server?.CancellationToken ?? Http.RequestAborted;

    /// <summary>Whether the deadline, the caller's or the contract's, has passed.</summary>
    public bool IsOverdue => _deadline <= _time.GetUtcNow().UtcDateTime

        // The timer may be a little ahead of the clock that the deadline is told in.
        || (_ceiling is { IsCancellationRequested: true } && !IsAbandoned);

    /// <summary>Whether the caller went away, or its own deadline passed: the server's context is cancelled then.</summary>
    public bool IsAbandoned => CallerCancellation.IsCancellationRequested;

    /// <summary>Waits for what has a limit of its own, since it may be done for others too, but not beyond the deadline, and only while the
    /// caller is there. Most waits end soon: this makes one timer, and no cancellation that nobody will ask for.</summary>
    /// <exception cref="TimeoutException">The deadline has passed.</exception>
    /// <exception cref="OperationCanceledException">The caller went away.</exception>
    public Task<T> WaitAsync<T>(ValueTask<T> pending)
    {
        var left = Remaining;
        return pending.AsTask().WaitAsync(left == Timeout.InfiniteTimeSpan ? left : left + s_timerAhead, _time, CallerCancellation);
    }

    public Caller ReadCaller() => Caller;

    /// <summary>Lowers the deadline to a ceiling; a shorter one stays.</summary>
    public void Limit(TimeSpan ceiling)
    {
        if (ceiling == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        var latest = _time.GetUtcNow().UtcDateTime + ceiling;
        if (latest < _deadline)
        {
            _deadline = latest;
        }
    }

    public void Dispose()
    {
        _ceilingRegistration.Dispose();
        _ceiling?.Dispose();
    }

    private ServerCallContext Inner => _server ?? throw new InvalidOperationException("This call has no context of the server.");

    protected override string MethodCore => Inner.Method;

    protected override string HostCore => Inner.Host;

    protected override string PeerCore => Inner.Peer;

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => Inner.RequestHeaders;

    protected override CancellationToken CancellationTokenCore =>
        _deadline == Inner.Deadline ? Inner.CancellationToken : CeilingToken();

    protected override Metadata ResponseTrailersCore => Inner.ResponseTrailers;

    protected override Status StatusCore
    {
        get => Inner.Status;
        set => Inner.Status = value;
    }

    protected override WriteOptions? WriteOptionsCore
    {
        get => Inner.WriteOptions;
        set => Inner.WriteOptions = value;
    }

    protected override AuthContext AuthContextCore => Inner.AuthContext;

    // Whoever asks for the HTTP request of a context that is not the server's own looks here (ServerCallContext.GetHttpContext): the
    // server's pipeline after its interceptors, and handlers.
    protected override IDictionary<object, object> UserStateCore
    {
        get
        {
            var state = Inner.UserState;
            state.TryAdd("__HttpContext", Http);
            return state;
        }
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Inner.WriteResponseHeadersAsync(responseHeaders);

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        Inner.CreatePropagationToken(options);

    private CancellationToken CeilingToken()
    {
        if (Volatile.Read(ref _ceiling) is { } known)
        {
            return known.Token;
        }

        var made = new CancellationTokenSource(Remaining, _time);
        if (Interlocked.CompareExchange(ref _ceiling, made, null) is { } other)
        {
            made.Dispose();
            return other.Token;
        }

        _ceilingRegistration = Inner.CancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), made);
        return made.Token;
    }

    private ReadTokenJar MakeTokens()
    {
        var jar = new ReadTokenJar();
        jar.Add(RequestToken);
        return Interlocked.CompareExchange(ref _tokens, jar, null) ?? jar;
    }
}

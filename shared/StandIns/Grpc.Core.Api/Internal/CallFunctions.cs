namespace Grpc.Core.Internal;

/// <summary>
/// What the four call types have in common: functions of the transport, either closed over their call or given it as state
/// (which saves the transport three closures a call).
/// </summary>
internal readonly struct CallFunctions
{
    private readonly object _headers;
    private readonly object _status;
    private readonly object _trailers;
    private readonly object _dispose;
    private readonly object? _state;

    public CallFunctions(Task<Metadata> headers, Func<Status> status, Func<Metadata> trailers, Action dispose)
    {
        _headers = headers;
        _status = status;
        _trailers = trailers;
        _dispose = dispose;
    }

    public CallFunctions(
        Func<object, Task<Metadata>> headers,
        Func<object, Status> status,
        Func<object, Metadata> trailers,
        Action<object> dispose,
        object state)
    {
        _headers = headers;
        _status = status;
        _trailers = trailers;
        _dispose = dispose;
        _state = state;
    }

    public Task<Metadata> GetHeadersAsync() =>
        _headers is Func<object, Task<Metadata>> headers ? headers(_state!) : (Task<Metadata>)_headers;

    public Status GetStatus() => _status is Func<object, Status> status ? status(_state!) : ((Func<Status>)_status)();

    public Metadata GetTrailers() =>
        _trailers is Func<object, Metadata> trailers ? trailers(_state!) : ((Func<Metadata>)_trailers)();

    public void Dispose()
    {
        if (_dispose is Action<object> dispose)
        {
            dispose(_state!);
        }
        else
        {
            ((Action)_dispose)();
        }
    }
}

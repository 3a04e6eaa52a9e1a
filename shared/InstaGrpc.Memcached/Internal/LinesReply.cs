using System.Text;
using System.Threading.Tasks.Sources;

namespace InstaGrpc.Memcached.Internal;

/// <summary>A text command, for people: <c>stats</c> (until <c>END</c>) or <c>me</c> (one line). Not used again.</summary>
internal sealed class LinesReply(bool untilEnd) : PendingReply, IValueTaskSource<List<string>>
{
    private const int MaxLines = 10_000;

    private readonly List<string> _lines = [];
    private ManualResetValueTaskSourceCore<List<string>> _source;

    public ValueTask<List<string>> Task => new(this, _source.Version);

    public override bool TakesLines => true;

    public override Acceptance AcceptLine(ReadOnlySpan<byte> line)
    {
        var text = Encoding.UTF8.GetString(line);
        if (untilEnd && text == "END")
        {
            return Finish();
        }

        if (_lines.Count == MaxLines)
        {
            throw new MemcachedProtocolException($"The server sent more than {MaxLines} lines to one command.");
        }

        _lines.Add(text);
        return untilEnd && !IsError(text) ? Acceptance.More : Finish();
    }

    public override Acceptance Accept(in ReplyHead head, byte[]? value) => throw new NotSupportedException();

    public override Acceptance AcceptEnd() => throw new NotSupportedException();

    public override void Execute()
    {
        if (Error is { } error)
        {
            _source.SetException(error);
        }
        else if (_lines is [{ } line] && IsError(line))
        {
            _source.SetException(new MemcachedProtocolException($"The server refused the command with '{line}'."));
        }
        else
        {
            _source.SetResult(_lines);
        }
    }

    public List<string> GetResult(short token)
    {
        EndWatch();
        return _source.GetResult(token);
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private static bool IsError(string line) =>
        line == "ERROR" || line.StartsWith("CLIENT_ERROR", StringComparison.Ordinal)
        || line.StartsWith("SERVER_ERROR", StringComparison.Ordinal);
}

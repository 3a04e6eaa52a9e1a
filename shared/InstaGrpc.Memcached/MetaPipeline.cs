using InstaGrpc.Memcached.Internal;

namespace InstaGrpc.Memcached;

/// <summary>Several commands that one connection runs in the order in which they were added, closed by <c>mn</c>, so that all of them
/// have been run when <c>RunAsync</c> returns. Encoded as they are added; may be run again, or cleared and filled anew, once the run
/// has returned. Not for several threads at a time.</summary>
/// <remarks>
/// A quiet command saves the reply of the usual outcome: <c>HD</c> for <c>ms</c> and <c>md</c>, <c>EN</c> for <c>mg</c>. Its entry in
/// <see cref="Replies"/> is then <see cref="MetaStatus.Hit"/> or <see cref="MetaStatus.Miss"/> all the same; <c>NF</c>, <c>NS</c> and
/// <c>EX</c>
/// come for quiet commands too, and every command carries an opaque token, so that each reply finds its command. A server's error line
/// carries no token: if it can belong to more than one command, every one of those that had no other reply gets the error. A command is
/// never reported as done when it may not be.
/// </remarks>
public sealed class MetaPipeline
{
    private readonly CommandBuffer _commands = new();
    private CommandKind[] _kinds = [];
    private MetaReply[] _replies = [];
    private int _replied;

    /// <summary>Number of commands added.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that a run sends, but for the closing <c>mn</c>.</summary>
    public int Bytes => _commands.Length;

    /// <summary>The replies of the last run, by the commands' numbers. Valid until the pipeline is run again or cleared; empty
    /// before.</summary>
    public ReadOnlySpan<MetaReply> Replies => _replies.AsSpan(0, _replied);

    internal ReadOnlySpan<CommandKind> Kinds => _kinds.AsSpan(0, Count);

    internal ReadOnlySpan<byte> Commands => _commands.Written;

    internal bool HasValues { get; private set; }

    /// <summary>The reply to one command.</summary>
    public MetaReply this[int command] => Replies[command];

    /// <summary>Adds an <c>mg</c>.</summary>
    /// <returns>The command's number, from 0.</returns>
    /// <exception cref="ArgumentException">The key is empty, longer than 250 bytes, or contains a space or a control character.</exception>
    public int Get(ReadOnlySpan<byte> key, MetaGet get, bool quiet = false)
    {
        CommandBuffer.CheckKey(key);
        _commands.AppendGet(key, get, quiet, Count);
        return Added(quiet ? CommandKind.QuietGet : CommandKind.Loud);
    }

    /// <summary>Adds an <c>ms</c>.</summary>
    /// <returns>The command's number, from 0.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Get"/>, or the value is larger than 1 MiB.</exception>
    public int Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MetaSet set, bool quiet = false)
    {
        CommandBuffer.CheckKey(key);
        CommandBuffer.CheckValue(value);
        _commands.AppendSet(key, value, set, quiet, Count);
        HasValues = true;
        return Added(quiet ? CommandKind.QuietWrite : CommandKind.Loud);
    }

    /// <summary>Adds an <c>md</c>.</summary>
    /// <returns>The command's number, from 0.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Get"/>.</exception>
    public int Delete(ReadOnlySpan<byte> key, MetaDelete delete = default, bool quiet = false)
    {
        CommandBuffer.CheckKey(key);
        _commands.AppendDelete(key, delete, quiet, Count);
        return Added(quiet ? CommandKind.QuietWrite : CommandKind.Loud);
    }

    /// <summary>Removes all commands; the memory is kept for the next ones.</summary>
    public void Clear()
    {
        _commands.Clear();
        Count = 0;
        HasValues = false;
        ForgetReplies();
    }

    internal void ForgetReplies()
    {
        Array.Clear(_replies, 0, _replied);
        _replied = 0;
    }

    /// <summary>Takes the array with a run's replies and gives the one of the run before, emptied.</summary>
    internal MetaReply[] TakeReplies(MetaReply[] replies, int count)
    {
        ForgetReplies();
        var before = _replies;
        _replies = replies;
        _replied = count;
        return before;
    }

    private int Added(CommandKind kind)
    {
        if (Count == _kinds.Length)
        {
            Array.Resize(ref _kinds, Math.Max(64, Count * 2));
        }

        _kinds[Count] = kind;
        return Count++;
    }
}

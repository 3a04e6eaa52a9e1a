namespace InstaGrpc.Memcached;

/// <summary>Several commands that one connection runs in the order in which they were added, closed by <c>mn</c>, so that all of them have been
/// run when <c>RunAsync</c> returns. Encoded as they are added; may be run again, or cleared and filled anew, once the run has returned.
/// Not for several threads at a time.</summary>
/// <remarks>
/// A quiet command saves the reply of the usual outcome: <c>HD</c> for <c>ms</c> and <c>md</c>, <c>EN</c> for <c>mg</c>. Its entry in
/// <see cref="Replies"/> is then <see cref="MetaStatus.Hit"/> or <see cref="MetaStatus.Miss"/> all the same; <c>NF</c>, <c>NS</c> and <c>EX</c>
/// come for quiet commands too, and every command carries an opaque token, so that each reply finds its command. A server's error line carries
/// no token: if it can belong to more than one command, every one of those that had no other reply gets the error. A command is never
/// reported as done when it may not be.
/// </remarks>
public sealed class MetaPipeline
{
    /// <summary>Number of commands added.</summary>
    public int Count => throw new NotImplementedException();

    /// <summary>Bytes that a run sends.</summary>
    public int Bytes => throw new NotImplementedException();

    /// <summary>The replies of the last run, by the commands' numbers. Valid until the pipeline is run again or cleared; empty before.</summary>
    public ReadOnlySpan<MetaReply> Replies => throw new NotImplementedException();

    /// <summary>The reply to one command.</summary>
    public MetaReply this[int command] => Replies[command];

    /// <summary>Adds an <c>mg</c>.</summary>
    /// <returns>The command's number, from 0.</returns>
    /// <exception cref="ArgumentException">The key is empty, longer than 250 bytes, or contains a space or a control character.</exception>
    public int Get(ReadOnlySpan<byte> key, MetaGet get, bool quiet = false) => throw new NotImplementedException();

    /// <summary>Adds an <c>ms</c>.</summary>
    /// <returns>The command's number, from 0.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Get"/>, or the value is larger than 1 MiB.</exception>
    public int Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MetaSet set, bool quiet = false) => throw new NotImplementedException();

    /// <summary>Adds an <c>md</c>.</summary>
    /// <returns>The command's number, from 0.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Get"/>.</exception>
    public int Delete(ReadOnlySpan<byte> key, MetaDelete delete = default, bool quiet = false) => throw new NotImplementedException();

    /// <summary>Removes all commands; the memory is kept for the next ones.</summary>
    public void Clear() => throw new NotImplementedException();
}

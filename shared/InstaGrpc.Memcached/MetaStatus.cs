namespace InstaGrpc.Memcached;

/// <summary>What a server said to one meta command.</summary>
public enum MetaStatus : byte
{
    /// <summary>The default value: no command was run.</summary>
    None,

    /// <summary><c>VA</c> or <c>HD</c>: found, stored, deleted or marked. A quiet <c>ms</c> or <c>md</c> without a reply is this
    /// too.</summary>
    Hit,

    /// <summary><c>EN</c>: nothing there. A quiet <c>mg</c> without a reply is this too. With a lease asked for it does not occur:
    /// then an absent item is a <see cref="Hit"/> with an empty value and <see cref="MetaReply.Won"/>.</summary>
    Miss,

    /// <summary><c>NF</c>: <c>md</c>, or <c>ms</c> with a CAS, found no item.</summary>
    NotFound,

    /// <summary><c>NS</c>: an add found an item, a replace or append found none, or an append would have passed the item size limit or
    /// found no memory (memcached does not tell these apart).</summary>
    NotStored,

    /// <summary><c>EX</c>: the item has another CAS.</summary>
    Exists,

    /// <summary><c>CLIENT_ERROR</c> or <c>ERROR</c>: the server did not understand the command; <see cref="MetaReply.Error"/> has its
    /// line.</summary>
    ClientError,

    /// <summary><c>SERVER_ERROR</c>: out of memory, or too large for an item; <see cref="MetaReply.Error"/> has its line.</summary>
    ServerError,

    /// <summary>Only from <see cref="MemcachedPool.GetManyAsync"/>: this key's server could not be asked, or did not answer in
    /// time.</summary>
    Unanswered,
}

namespace InstaGrpc.Memcached;

/// <summary>The mode (<c>M</c>) of an <c>ms</c>.</summary>
public enum MetaSetMode : byte
{
    /// <summary>Store whatever is there.</summary>
    Set,

    /// <summary><c>ME</c>: only if there is no item.</summary>
    Add,

    /// <summary><c>MA</c>: behind the value of an item that is there.</summary>
    Append,

    /// <summary><c>MP</c>: before the value of an item that is there.</summary>
    Prepend,

    /// <summary><c>MR</c>: only over an item that is there.</summary>
    Replace,
}

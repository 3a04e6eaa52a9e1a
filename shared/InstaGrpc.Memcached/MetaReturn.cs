namespace InstaGrpc.Memcached;

/// <summary>What <c>mg</c> is to return beside the status. Each is one flag letter of the protocol.</summary>
[Flags]
public enum MetaReturn
{
    /// <summary>The status only: is there an item?</summary>
    None = 0,

    /// <summary><c>v</c>: the value.</summary>
    Value = 1,

    /// <summary><c>c</c>: the CAS, which a lease is known by.</summary>
    Cas = 2,

    /// <summary><c>t</c>: seconds to live, -1 for ever.</summary>
    Ttl = 4,

    /// <summary><c>s</c>: the value's size in bytes.</summary>
    Size = 8,

    /// <summary><c>f</c>: the client flags, 32 bits that the writer chose.</summary>
    ClientFlags = 16,

    /// <summary><c>h</c>: whether the item was read before.</summary>
    HitBefore = 32,

    /// <summary><c>l</c>: seconds since the last access.</summary>
    LastAccess = 64,

    /// <summary><c>k</c>: the key. It costs an array; replies are told apart without it.</summary>
    Key = 128,
}

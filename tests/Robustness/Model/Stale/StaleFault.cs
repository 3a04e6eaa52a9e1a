namespace InstaGrpc.Robustness.Model.Stale;

public enum StaleFault
{
    None,

    /// <summary>After <c>EX</c> the value is stored without its mark.</summary>
    KeptValueStoredUnmarked,

    /// <summary><em>seen</em> is remembered per key, not per fill.</summary>
    SeenWithoutFillId,

    /// <summary><c>ms C&lt;old&gt; I</c> without looking whose fill is there.</summary>
    KeepsOverOthersFill,
}

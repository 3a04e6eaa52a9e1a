namespace InstaGrpc.Load;

/// <summary>How an iteration or a step ended.</summary>
/// <param name="IsError">Whether it failed.</param>
/// <param name="StatusCode">What is counted, e.g. "Unavailable"; empty: nothing.</param>
/// <param name="SizeBytes">Of the answer; 0 when nobody cares.</param>
/// <param name="Message">Why it failed; empty for those that did not.</param>
public sealed record Response(bool IsError, string StatusCode = "", long SizeBytes = 0, string Message = "")
{
    private static readonly Response _ok = new(false);

    public static Response Ok(string statusCode = "", long sizeBytes = 0) =>
        statusCode.Length == 0 && sizeBytes == 0 ? _ok : new(false, statusCode, sizeBytes);

    public static Response Fail(string statusCode = "", string message = "") => new(true, statusCode, 0, message);
}

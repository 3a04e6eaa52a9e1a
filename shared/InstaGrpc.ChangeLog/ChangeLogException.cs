namespace InstaGrpc.ChangeLog;

/// <summary>The change log can't be used as it is: the message says what to change.</summary>
public sealed class ChangeLogException : Exception
{
    public ChangeLogException(string message)
        : base(message)
    {
    }

    public ChangeLogException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

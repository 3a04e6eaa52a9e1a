using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Load.Mesh;

/// <summary>A user that the runner plays.</summary>
internal sealed class Person(int number, long id)
{
    private readonly Lock _gate = new();
    private ReadToken _token = ReadToken.Empty;

    /// <summary>Rank in popularity, from 0.</summary>
    public int Number => number;

    public long Id => id;

    /// <summary>Whom he follows.</summary>
    public HashSet<Person> Follows { get; } = [];

    /// <summary>Posts that there were before the run; negative: not known.</summary>
    public long PostsBefore { get; set; } = -1;

    /// <summary>His newest writes.</summary>
    public string Token
    {
        get
        {
            lock (_gate) return _token.ToString();
        }
    }

    public void Wrote(ReadToken token)
    {
        lock (_gate) _token = _token.With(token);
    }
}

using System.Collections.Concurrent;

namespace InstaGrpc.Mesh.Tests;

/// <summary>Which handlers ran, and how often.</summary>
public sealed class NotesLog
{
    private readonly ConcurrentDictionary<(string Method, long Id), int> _runs = new();
    private readonly ConcurrentDictionary<string, int> _attempts = new();

    public void Add(string method, long id) => _runs.AddOrUpdate((method, id), 1, (_, n) => n + 1);

    public int Runs(string method, long id) => _runs.GetValueOrDefault((method, id));

    public int Attempt(string name) => _attempts.AddOrUpdate(name, 1, (_, n) => n + 1);
}

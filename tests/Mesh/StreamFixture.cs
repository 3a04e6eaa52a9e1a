using InstaGrpc.Mesh.Tests.NotesV1;

namespace InstaGrpc.Mesh.Tests;

/// <summary>A host with the change stream, ready when its cached methods are cached.</summary>
public sealed class StreamFixture : IAsyncLifetime
{
    private readonly AssemblyServers _servers = new();
    private NotesHost? _host;
    private long _ids;

    public NotesHost Host => _host ?? throw new InvalidOperationException("not started");

    public async Task InitializeAsync()
    {
        await _servers.InitializeAsync();
        _host = await NotesHost.StartAsync(_servers.Servers, stream: true);
        foreach (var node in new[] { 0, 5000 })
        {
            await UntilCachedAsync(node);
        }
    }

    public async Task DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    /// <summary>An id of a shard that nobody has used.</summary>
    public long NewId(int shard = 0) => ((1000 + Interlocked.Increment(ref _ids)) << 23) | ((long)shard << 10);

    /// <summary>Writes a note that nobody has read, and gives its token.</summary>
    public async Task<(long Id, string Token)> WriteAsync(int shard = 0, string text = "first", long owner = 5)
    {
        var id = NewId(shard);
        using var call = Host.Notes.WriteNoteAsync(new() { NoteId = id, Text = text }, NotesHost.As($"user:{owner}"));
        await call;
        return (id, call.GetTrailers().GetValue("insta-lsn")!);
    }

    /// <summary>Reads until the second read of a note is answered without its handler: announced, published, honoured.</summary>
    private async Task UntilCachedAsync(int shard)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (true)
        {
            var (id, _) = await WriteAsync(shard);
            for (var i = 0; i < 3; i++)
            {
                await Host.Notes.GetNoteAsync(new GetNoteRequest { NoteId = id }, NotesHost.As("user:5"),
                    cancellationToken: patience.Token);
            }

            if (Host.Log.Runs("GetNote", id) < 3)
            {
                return;
            }
        }
    }
}

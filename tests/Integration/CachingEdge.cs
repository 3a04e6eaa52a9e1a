using System.Collections.Concurrent;
using System.Net;

namespace InstaGrpc.Integration.Tests;

/// <summary>A small cache as stands before a site: keeps what it may for as long as it may, apart by what answers vary by, the least used go first; and
/// takes PURGE.</summary>
internal sealed class CachingEdge : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
    private readonly ConcurrentDictionary<string, Kept> _kept = new();
    private readonly Uri _origin;
    private readonly int _most;
    private readonly Task _serving;
    private long _clock;

    /// <param name="port">Where it listens.</param>
    /// <param name="origin">Whom it asks.</param>
    /// <param name="most">How many answers it keeps.</param>
    public CachingEdge(int port, Uri origin, int most)
    {
        (_origin, _most) = (origin, most);
        Address = new Uri($"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Address { get; }

    public int Hits { get; private set; }

    public int Misses { get; private set; }

    public int Purged { get; private set; }

    public void Dispose()
    {
        _listener.Close();
        _serving.Wait(TimeSpan.FromSeconds(10));
        _client.Dispose();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            await AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        if (context.Request.HttpMethod == "PURGE")
        {
            foreach (var key in _kept.Keys.Where(key => key.StartsWith(path + " ", StringComparison.Ordinal)))
            {
                _kept.TryRemove(key, out _);
                Purged++;
            }

            context.Response.Close();
            return;
        }

        // What our answers vary by.
        var name = $"{path} {context.Request.Headers["Accept"]} {context.Request.Headers["Save-Data"]}";
        if (_kept.TryGetValue(name, out var kept) && DateTime.UtcNow < kept.Until)
        {
            Hits++;
        }
        else
        {
            Misses++;
            kept = await AskAsync(context.Request, path);
            if (kept.Until > DateTime.UtcNow)
            {
                _kept[name] = kept;
                if (_kept.Count > _most)
                {
                    _kept.TryRemove(_kept.MinBy(static entry => entry.Value.Used).Key, out _);
                }
            }
        }

        kept.Used = ++_clock;
        context.Response.StatusCode = kept.Status;
        // In one piece: chunks would each wait for an acknowledgement.
        context.Response.ContentLength64 = kept.Body.Length;
        await context.Response.OutputStream.WriteAsync(kept.Body);
        context.Response.Close();
    }

    private async Task<Kept> AskAsync(HttpListenerRequest asked, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_origin, path));
        foreach (var header in (string[])["Accept", "Save-Data"])
        {
            if (asked.Headers[header] is { } value)
            {
                request.Headers.TryAddWithoutValidation(header, value);
            }
        }

        using var answer = await _client.SendAsync(request);
        var age = answer.StatusCode == HttpStatusCode.OK && answer.Headers.CacheControl is { Public: true, MaxAge: { } allowed } ? allowed : TimeSpan.Zero;
        return new Kept((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(), DateTime.UtcNow + age);
    }

    private sealed record Kept(int Status, byte[] Body, DateTime Until)
    {
        public long Used { get; set; }
    }
}

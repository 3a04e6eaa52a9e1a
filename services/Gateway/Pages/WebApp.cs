using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;

namespace InstaGrpc.Services.Gateway.Pages;

/// <summary>
/// The built web app: its files, and its one page for every address that is a screen of it. Files that Vite named by their content are kept by
/// browsers for ever, pages are asked for each time.
/// </summary>
internal sealed class WebApp
{
    private const string Page = "/index.html";
    private const string ForEver = "public, max-age=31536000, immutable";
    private const string AskEachTime = "no-cache";
    private const string Folder = "wwwroot";

    private static readonly FileExtensionContentTypeProvider _types = new();

    private readonly ConcurrentDictionary<string, WebFile> _files = new(StringComparer.Ordinal);
    private readonly string? _root;

    public WebApp(GatewayOptions options) => _root = options.WebRoot.Length > 0 ? Path.GetFullPath(options.WebRoot) : FindRoot();

    public async Task ServeAsync(HttpContext http)
    {
        SecurityHeaders.Set(http);
        var path = http.Request.Path.Value ?? "/";
        var file = Find(path);
        if (file is null && (path == "/" || AsksForAPage(http.Request, path)))
        {
            (path, file) = (Page, Find(Page));
            if (file is null)
            {
                await http.Response.WriteAsync(
                    "The API runs here; the web app has not been built. `./insta up` builds it where npm is; by hand: npm install && npm run build"
                    + " in services/Gateway/web.\n", http.RequestAborted).ConfigureAwait(false);
                return;
            }
        }

        if (file is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await http.Response.WriteAsync("not found\n", http.RequestAborted).ConfigureAwait(false);
            return;
        }

        await SendAsync(http, file, path.StartsWith("/assets/", StringComparison.Ordinal) ? ForEver : AskEachTime).ConfigureAwait(false);
    }

    /// <summary>One page of the app by its file's name.</summary>
    public async Task ServeAsync(HttpContext http, string page)
    {
        SecurityHeaders.Set(http);
        if (Find(page) is { } file)
        {
            await SendAsync(http, file, AskEachTime).ConfigureAwait(false);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status404NotFound;
        await http.Response.WriteAsync("the web app has not been built\n", http.RequestAborted).ConfigureAwait(false);
    }

    private static async Task SendAsync(HttpContext http, WebFile file, string cacheControl)
    {
        var (request, response) = (http.Request, http.Response);
        response.Headers.ETag = file.ETag;
        response.Headers.CacheControl = cacheControl;
        response.Headers.Vary = "Accept-Encoding";
        if (request.Headers.IfNoneMatch.Contains(file.ETag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var bytes = file.Bytes;
        if (file.Brotli is { } brotli && request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal))
        {
            response.Headers.ContentEncoding = "br";
            bytes = brotli;
        }

        response.ContentType = file.ContentType;
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.Body.WriteAsync(bytes, http.RequestAborted).ConfigureAwait(false);
        }
    }

    // A browser says that it wants a page. A dot tells nothing then: names of users have some. A photo that is not there is no page of the app.
    private static bool AsksForAPage(HttpRequest request, string path) =>
        !path.StartsWith("/assets/", StringComparison.Ordinal) && !path.StartsWith("/media/", StringComparison.Ordinal)
        && (request.Headers.Accept.Count == 0
            ? !Path.HasExtension(path)
            : request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal));

    /// <summary>Null: there is none, or it lies outside of the folder.</summary>
    private WebFile? Find(string path)
    {
        if (_root is null || path.EndsWith('/') || path.Contains("..", StringComparison.Ordinal) || path.Contains('\0', StringComparison.Ordinal)
            || path.Contains('\\', StringComparison.Ordinal))
        {
            return null;
        }

        var file = Path.Combine(_root, path.TrimStart('/'));
        if (!File.Exists(file))
        {
            return null;
        }

        // Built anew while this runs: by its time.
        if (_files.TryGetValue(file, out var known) && known.Changed == File.GetLastWriteTimeUtc(file))
        {
            return known;
        }

        var type = _types.TryGetContentType(file, out var found) ? found : "application/octet-stream";
        return _files[file] = WebFile.Read(file, type.StartsWith("text/", StringComparison.Ordinal) ? type + "; charset=utf-8" : type);
    }

    private static string? FindRoot()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, Folder);
        if (Directory.Exists(beside))
        {
            return beside;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            // The checkout that this was built in; the app may be built later.
            if (Directory.Exists(Path.Combine(folder.FullName, "services", "Gateway", "web")))
            {
                return Path.Combine(folder.FullName, "services", "Gateway", Folder);
            }
        }

        return null;
    }
}

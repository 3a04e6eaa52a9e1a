using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace InstaGrpc.Host.Configuration;

/// <summary>The certificate of a listener, as the configuration names it. Whoever renews it writes the files anew: connections from then on have
/// the new one, and no process is started again.</summary>
internal sealed class ListenerCertificate(CertificateOptions options, TimeProvider time)
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(30);

    private readonly Lock _reading = new();
    private SslStreamCertificateContext? _context;
    private (DateTime Certificate, DateTime Key) _written;
    private long _looked;

    public bool IsNamed => !string.IsNullOrEmpty(options.Path);

    /// <summary>For Kestrel's listener; after <see cref="Read"/>.</summary>
    public TlsHandshakeCallbackOptions Handshake => new()
    {
        OnConnection = _ => new(new SslServerAuthenticationOptions { ServerCertificateContext = Current() }),
    };

    /// <exception cref="UsageException">It can't be used; the message says why.</exception>
    public void Read()
    {
        try
        {
            var written = Written();
            _context = Load();
            (_written, _looked) = (written, time.GetTimestamp());
        }
        catch (Exception e) when (IsOfTheFile(e))
        {
            throw new UsageException($"{CertificateOptions.Section}:Path is {options.Path}, which can't be used: {e.Message}");
        }
    }

    private SslStreamCertificateContext Current()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _looked)) < _pause || !_reading.TryEnter()) return _context!;
        try
        {
            Volatile.Write(ref _looked, time.GetTimestamp());
            if (Written() is var written && written != _written)
            {
                _context = Load();
                _written = written;
            }
        }
        catch (Exception e) when (IsOfTheFile(e))
        {
            // Half written, gone, or one of two files that belong together: the former ones until they are whole.
        }
        finally
        {
            _reading.Exit();
        }
        return _context!;
    }

    private (DateTime Certificate, DateTime Key) Written() =>
        (WrittenAt(options.Path!), string.IsNullOrEmpty(options.KeyPath) ? default : WrittenAt(options.KeyPath));

    // A mounted secret is a link that never changes to a file that is another one after each renewal.
    private static DateTime WrittenAt(string path) =>
        File.GetLastWriteTimeUtc(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);

    private SslStreamCertificateContext Load()
    {
        if (Path.GetExtension(options.Path)!.ToLowerInvariant() is ".pfx" or ".p12")
        {
            var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(options.Path!, options.Password);
            return SslStreamCertificateContext.Create(all.First(static one => one.HasPrivateKey), all, offline: true);
        }
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(options.Path!);
        var certificate = string.IsNullOrEmpty(options.Password)
            ? X509Certificate2.CreateFromPemFile(options.Path!, options.KeyPath)
            : X509Certificate2.CreateFromEncryptedPemFile(options.Path!, options.Password, options.KeyPath);
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    private static bool IsOfTheFile(Exception e) => e is CryptographicException or IOException or UnauthorizedAccessException
        or InvalidOperationException or ArgumentException;
}

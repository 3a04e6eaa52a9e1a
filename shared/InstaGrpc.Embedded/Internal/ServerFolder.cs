using System.Security.Cryptography;
using System.Text;

namespace InstaGrpc.Embedded.Internal;

/// <summary>A folder that belongs to a server's account.</summary>
internal static class ServerFolder
{
    private const string _fallbackRoot = "/var/lib/insta";

    /// <summary>PostgreSQL refuses root: its account then is postgres. Null: the caller's own.</summary>
    public static string? PostgresAccount => Native.IsRoot ? "postgres" : null;

    /// <summary>
    /// Where the data that are asked for in <paramref name="folder"/> go: there, or below /var/lib/insta (see the options).
    /// </summary>
    public static async Task<string> ResolveAsync(string folder, CancellationToken ct)
    {
        folder = Path.GetFullPath(folder);
        if (PostgresAccount is not { } account) return folder;
        var parent = folder;
        while (!Directory.Exists(parent)) parent = Path.GetDirectoryName(parent)!;
        // For an existing data folder (mode 0700, its own) this asks for the folder itself, else for the nearest parent that exists.
        var (code, _, error) = await Tool.TryRunAsync(
            ct, "setpriv", [$"--reuid={account}", $"--regid={account}", "--init-groups", "test", "-x", parent]).ConfigureAwait(false);
        if (code is not (0 or 1)) throw new EmbeddedServerException($"cannot act as the account {account}: {error.Trim()}");
        return code == 0 ? folder : Fallback(folder);
    }

    /// <summary>Makes the folder, owned by the account, closed to others. Parents that have to be made stay ours.</summary>
    public static async Task CreateAsync(string folder, string? account, CancellationToken ct)
    {
        if (Path.GetDirectoryName(folder) is { } parent) Directory.CreateDirectory(parent);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (account is not null) await Tool.RunAsync(ct, "chown", $"{account}:", folder).ConfigureAwait(false);
    }

    private static string Fallback(string folder) =>
        Path.Combine(_fallbackRoot, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..16]);
}

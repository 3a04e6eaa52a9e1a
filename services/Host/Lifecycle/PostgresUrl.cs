using Npgsql;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>postgres:// URLs, as psql takes them.</summary>
internal static class PostgresUrl
{
    /// <summary>For Npgsql; anything that is no URL is taken for a connection string already.</summary>
    /// <exception cref="UsageException">Neither.</exception>
    public static string ToConnectionString(string text)
    {
        try
        {
            if (!text.StartsWith("postgres://", StringComparison.Ordinal) && !text.StartsWith("postgresql://", StringComparison.Ordinal))
            {
                return new NpgsqlConnectionStringBuilder(text).ConnectionString;
            }
            var url = new Uri(text);
            var user = url.UserInfo.Split(':', 2);
            var settings = new NpgsqlConnectionStringBuilder
            {
                Host = url.Host, Port = url.Port > 0 ? url.Port : 5432, Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')),
            };
            if (user[0].Length > 0) settings.Username = Uri.UnescapeDataString(user[0]);
            if (user.Length > 1) settings.Password = Uri.UnescapeDataString(user[1]);
            foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
            {
                var parts = pair.Split('=', 2);
                // libpq writes sslmode, Npgsql takes that and "SSL Mode".
                settings[parts[0]] = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
            }
            return settings.ConnectionString;
        }
        catch (Exception e) when (e is UriFormatException or ArgumentException or FormatException)
        {
            throw new UsageException("a PostgreSQL address is neither a URL like postgres://user:password@host:5432/database nor a connection string");
        }
    }
}

using System.Globalization;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>Reads the two forms in which a server is configured.</summary>
public static class PostgresAddress
{
    /// <summary>
    /// From <c>postgres://user:password@host:port/database?sslmode=require</c> (or <c>postgresql://</c>) or an Npgsql connection string.
    /// libpq's parameter names are understood in the URL; others are taken as Npgsql's.
    /// </summary>
    /// <exception cref="FormatException">What is wrong, without the password.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new FormatException("The address is empty: give postgres://user:password@host:port/database or a connection string.");
        }

        if (text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal))
        {
            return FromUrl(text);
        }

        try
        {
            var builder = new NpgsqlConnectionStringBuilder(text);
            return string.IsNullOrEmpty(builder.Host)
                ? throw new FormatException("The connection string names no Host.")
                : builder;
        }
        catch (Exception e) when (e is ArgumentException or KeyNotFoundException)
        {
            // The exception's text names the keyword; its value could be the password's, so it is not repeated.
            throw new FormatException("The text is neither a postgres:// URL nor a connection string that Npgsql understands.");
        }
    }

    /// <summary><c>host:port/database</c>: what logs and messages may show.</summary>
    public static string Describe(NpgsqlConnectionStringBuilder builder) =>
        string.Create(CultureInfo.InvariantCulture, $"{builder.Host}:{builder.Port}/{builder.Database}");

    private static NpgsqlConnectionStringBuilder FromUrl(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0)
        {
            throw new FormatException("The postgres:// URL is not of the form postgres://user:password@host:port/database"
                + " (escape special characters of user and password with %XX; name one host).");
        }

        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = url.Host.Trim('[', ']'),
            Port = url.IsDefaultPort || url.Port < 1 ? 5432 : url.Port,
        };
        var colon = url.UserInfo.IndexOf(':');
        var user = Uri.UnescapeDataString(colon < 0 ? url.UserInfo : url.UserInfo[..colon]);
        if (user.Length > 0)
        {
            builder.Username = user;
        }

        if (colon >= 0)
        {
            builder.Password = Uri.UnescapeDataString(url.UserInfo[(colon + 1)..]);
        }

        var database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        if (database.Length > 0)
        {
            builder.Database = database;
        }

        foreach (var part in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=');
            var name = Uri.UnescapeDataString(equals < 0 ? part : part[..equals]);
            var value = equals < 0 ? "" : Uri.UnescapeDataString(part[(equals + 1)..]);
            try
            {
                builder[Keyword(name)] = name == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
            }
            catch (Exception e) when (e is ArgumentException or KeyNotFoundException or FormatException)
            {
                throw new FormatException($"The postgres:// URL has a parameter '{name}' that is unknown or has a wrong value.");
            }
        }

        return builder;
    }

    private static string Keyword(string name) => name switch
    {
        "sslmode" => "SSL Mode",
        "sslrootcert" => "Root Certificate",
        "sslcert" => "SSL Certificate",
        "sslkey" => "SSL Key",
        "application_name" => "Application Name",
        "connect_timeout" => "Timeout",
        "target_session_attrs" => "Target Session Attributes",
        "options" => "Options",
        _ => name,
    };
}

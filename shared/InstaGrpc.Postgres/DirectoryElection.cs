using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// One worker a subject: a session advisory lock in the directory elects it. The lock is no fence (whoever works has one of his own: a slot
/// that PostgreSQL serves to one connection, a position that is moved on conditionally), so while the directory is away the worker goes on,
/// and ends only when it finds the lock with somebody else.
/// </summary>
/// <param name="connectionString">Of the directory; without pooling.</param>
/// <param name="subject">What is elected for, with the prefix: "changes|blue.|n1".</param>
public sealed class DirectoryElection(string connectionString, string subject, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(500);
    private readonly long _key = BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(subject)));
    private NpgsqlConnection? _connection;

    /// <summary>Returns when this process is elected. Asked for again and again: a waiting lock would hold a snapshot open for days.</summary>
    public async Task WinAsync(CancellationToken cancellationToken)
    {
        while (!await TryAsync(cancellationToken).ConfigureAwait(false))
        {
            await Task.Delay(_poll, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Returns when somebody else is elected.</summary>
    public async Task WaitForLossAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(_poll, time, cancellationToken).ConfigureAwait(false);
            try
            {
                if (_connection is null)
                {
                    if (!await TryAsync(cancellationToken).ConfigureAwait(false))
                    {
                        return;
                    }
                }
                else
                {
                    await using var ping = new NpgsqlCommand("SELECT 1", _connection);
                    await ping.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (NpgsqlException)
            {
                await CloseAsync().ConfigureAwait(false);
            }
        }
    }

    public async ValueTask DisposeAsync() => await CloseAsync().ConfigureAwait(false);

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        var connection = _connection ?? new NpgsqlConnection(connectionString);
        try
        {
            if (_connection is null)
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                _connection = connection;
            }

            await using var attempt = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", connection) { Parameters = { new() { Value = _key } } };
            return (bool)(await attempt.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            _connection = null;
            throw;
        }
    }

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>The session lock in the directory that elects the lineage of a region and node. It only elects: a holder whose session is gone without
/// its knowing is fenced by the owner number.</summary>
internal sealed class LineageLock : IAsyncDisposable
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _checkInterval = TimeSpan.FromSeconds(1);

    private readonly NpgsqlConnection _connection;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _watching;

    private LineageLock(NpgsqlConnection connection, TimeProvider time)
    {
        _connection = connection;
        _watching = WatchAsync(time);
    }

    /// <summary>Cancelled when the session ended.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Waits until the lock is this session's.</summary>
    /// <exception cref="NpgsqlException">The directory does not answer.</exception>
    public static async Task<LineageLock> WaitAsync(
        NodePool pool, string prefix, string region, NodeName node, TimeProvider time, CancellationToken cancellation)
    {
        // A connection of its own: waiting for a lock must not take one from the pool.
        var settings = PostgresAddress.Parse(pool.Options.Directory);
        settings.Pooling = false;
        settings.ApplicationName = "insta invalidator";
        settings.KeepAlive = 5;
        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Key(prefix, region, node) });
            // Asked for again and again: one statement that waits would hold its snapshot, and with it every dead row of the directory, for days.
            while (!(bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!)
            {
                await Task.Delay(_poll, time, cancellation).ConfigureAwait(false);
            }

            return new LineageLock(connection, time);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A number above every one that was used, stored before it is used.</summary>
    /// <param name="region">Of the lineage.</param>
    /// <param name="node">Of the lineage.</param>
    /// <param name="seen">The highest that a watermark names; the directory may have been restored to a time before it.</param>
    /// <param name="address">Where this process serves drops.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<long> TakeOwnerAsync(
        NodePool pool, string region, NodeName node, long seen, string address, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO lineages AS l (region, node, owner, address) VALUES ($1, $2, $3 + 1, $4)
            ON CONFLICT (region, node) DO UPDATE SET owner = greatest(l.owner, $3) + 1, address = excluded.address
            RETURNING owner
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = region });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = node.Value });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = seen });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = address });
        return (long)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    /// <summary>Gives the lock back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connection.DisposeAsync().ConfigureAwait(false);
        _lost.Dispose();
        _stopping.Dispose();
    }

    private static long Key(string prefix, string region, NodeName node) =>
        BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"insta lineage {prefix}|{region}|{node}")));

    private async Task WatchAsync(TimeProvider time)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_checkInterval, time, _stopping.Token).ConfigureAwait(false);
                await using var command = new NpgsqlCommand("SELECT 1", _connection);
                await command.ExecuteNonQueryAsync(_stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
        catch (Exception e) when (e is NpgsqlException or IOException or InvalidOperationException)
        {
            await _lost.CancelAsync().ConfigureAwait(false);
        }
    }
}

using System.Security.Cryptography;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>
/// The keys that all processes of the role share, in the directory database. Whoever finds the newest too old makes the next one; it signs only
/// when every process has had time to see it, and the one before it verifies until its last token has ended: no call fails by a change of keys.
/// </summary>
internal sealed partial class GatewayKeys(
    NodePool nodes, KeyWrapping wrapping, GatewayOptions options, TimeProvider time, ILogger<GatewayKeys> logger) : BackgroundService
{
    private const string Es256 = "es256";
    private const string Secret = "secret";
    private const int PollsUntilKnown = 3;
    private const int SecretBytes = 32;

    // A token of an unknown key makes everybody look; not each of them.
    private static readonly TimeSpan _leastPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _clockSlack = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _reading = new(1);
    private KeyRing? _ring;
    private FailedLook? _failed;
    private long _readAt;

    /// <summary>The keys as of the last look.</summary>
    /// <exception cref="NodeUnavailableException">There was none yet, and the directory can't be reached.</exception>
    public ValueTask<KeyRing> GetAsync(CancellationToken cancellation) =>
        Volatile.Read(ref _ring) is { } ring ? new(ring) : ReadAsync(null, cancellation);

    /// <summary>The key of this name, looked for again if it is not known. One that can't be looked for is as one that is not known: it signs only when
    /// every process knows it, so hardly anybody has a token of it.</summary>
    /// <exception cref="NodeUnavailableException">No key is known yet, and the directory can't be reached.</exception>
    public async ValueTask<SigningKey?> FindAsync(string kid, CancellationToken cancellation)
    {
        var ring = await GetAsync(cancellation).ConfigureAwait(false);
        if (ring.Find(kid) is { } known)
        {
            return known;
        }

        if (time.GetElapsedTime(Volatile.Read(ref _readAt)) < _leastPause)
        {
            return null;
        }

        try
        {
            return (await ReadAsync(ring, cancellation).ConfigureAwait(false)).Find(kid);
        }
        catch (NodeUnavailableException)
        {
            return null;
        }
    }

    /// <exception cref="InvalidOperationException">The key that keys are encrypted with can't be one.</exception>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _ = wrapping.IsOn;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _reading.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.KeyPoll, time);
        try
        {
            do
            {
                try
                {
                    await ReadAsync(Volatile.Read(ref _ring), stoppingToken).ConfigureAwait(false);
                }
                catch (NodeUnavailableException)
                {
                    // Said where it happened.
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    /// <summary>Reads, unless somebody else has read since the caller saw <paramref name="seen"/>, or has just tried in vain: a directory that is away is
    /// not asked once for each call that waits here.</summary>
    private async ValueTask<KeyRing> ReadAsync(KeyRing? seen, CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (Volatile.Read(ref _ring) is { } newer && !ReferenceEquals(newer, seen))
            {
                return newer;
            }

            if (_failed is { } failed && time.GetElapsedTime(failed.At) < _leastPause)
            {
                throw new NodeUnavailableException(NodePool.DirectoryNode, failed.Cause);
            }

            return await LookAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _reading.Release();
        }
    }

    private async ValueTask<KeyRing> LookAsync(CancellationToken cancellation)
    {
        try
        {
            var connection = await nodes.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                var rows = await RowsAsync(connection, null, cancellation).ConfigureAwait(false);
                if (Lacks(rows) is not null)
                {
                    rows = await MakeAsync(connection, cancellation).ConfigureAwait(false);
                }

                var now = time.GetUtcNow();
                var ring = new KeyRing(
                    [.. rows.Where(static row => row.Kind == Es256).Select(row => SigningKey.Read(row.Kid, Material(row), now + row.ActivatesIn))],
                    Material(rows.First(static row => row.Kind == Secret)));
                Volatile.Write(ref _readAt, time.GetTimestamp());
                Volatile.Write(ref _ring, ring);
                _failed = null;
                return ring;
            }
        }
        catch (Exception e) when (e is NpgsqlException || NodeUnavailableException.IsCausedBy(e))
        {
            _failed = new FailedLook(e, time.GetTimestamp());
            LogUnread(e.Message);
            throw e as NodeUnavailableException ?? new NodeUnavailableException(NodePool.DirectoryNode, e);
        }
    }

    private byte[] Material(Row row) => wrapping.Unwrap(row.Kid, row.Material, row.Wrapped);

    /// <summary>The kind of key that is to be made; null: none.</summary>
    private string? Lacks(List<Row> rows) =>
        rows.TrueForAll(static row => row.Kind != Secret) ? Secret
        : rows.Where(static row => row.Kind == Es256).All(row => row.Age > options.SigningKeyAge) ? Es256
        : null;

    private async ValueTask<List<Row>> MakeAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await ExecuteAsync(KeySql.Lock, connection, transaction, cancellation).ConfigureAwait(false);
            var rows = await RowsAsync(connection, transaction, cancellation).ConfigureAwait(false);
            while (Lacks(rows) is { } kind)
            {
                var isFirst = rows.TrueForAll(row => row.Kind != kind);
                var kid = $"{kind}-{Guid.NewGuid():N}";
                var pause = isFirst ? TimeSpan.Zero : PollsUntilKnown * options.KeyPoll;
                var material = wrapping.Wrap(kid, kind == Es256 ? SigningKey.NewMaterial() : RandomNumberGenerator.GetBytes(SecretBytes));
                await ExecuteAsync(
                    KeySql.Insert, connection, transaction, cancellation, kid, kind, material, wrapping.IsOn, pause).ConfigureAwait(false);
                if (kind == Es256)
                {
                    await ExecuteAsync(
                        KeySql.Retire, connection, transaction, cancellation, kid, pause + options.AccessTokenLifetime + _clockSlack)
                        .ConfigureAwait(false);
                    LogMade(kid, pause);
                }

                rows = await RowsAsync(connection, transaction, cancellation).ConfigureAwait(false);
            }

            await ExecuteAsync(KeySql.Forget, connection, transaction, cancellation).ConfigureAwait(false);
            await transaction.CommitAsync(cancellation).ConfigureAwait(false);
            return rows;
        }
    }

    private static async ValueTask<List<Row>> RowsAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(KeySql.Living, connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<Row> rows = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            rows.Add(new Row(
                reader.GetString(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2), reader.GetBoolean(3), reader.GetTimeSpan(4),
                reader.GetTimeSpan(5)));
        }

        return rows;
    }

    private static async ValueTask ExecuteAsync(
        string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    [LoggerMessage(2000, LogLevel.Information, "A new key for access tokens, {Kid}, signs in {Pause}")]
    private partial void LogMade(string kid, TimeSpan pause);

    [LoggerMessage(2001, LogLevel.Warning, "The gateway's keys can't be read: {Reason}")]
    private partial void LogUnread(string reason);

    /// <param name="Cause">Why.</param>
    /// <param name="At">The clock's timestamp then.</param>
    private sealed record FailedLook(Exception Cause, long At);

    private sealed record Row(string Kid, string Kind, byte[] Material, bool Wrapped, TimeSpan ActivatesIn, TimeSpan Age);
}

using System.Diagnostics;
using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Ratios.Freshness;

/// <summary>Writes rows at a rate over several connections, each transaction one statement. A write that is late is sent at once and
/// timed from when it is sent.</summary>
/// <param name="database">Where.</param>
/// <param name="statement">Takes the clock's microseconds since 1970 as $1 and the rows' ids as $2.</param>
/// <param name="ids">The rows, in turn.</param>
internal sealed class PacedWriter(NpgsqlDataSource database, string statement, long[] ids)
{
    private const int Connections = 7;

    // Of the probe, which also asks how far the WAL is; the other connections carry the rest.
    private const int MostSamplesPerSecond = 200;

    private long _next;

    /// <summary>Writes until the time is over.</summary>
    /// <param name="rowsPerSecond">Of all connections.</param>
    /// <param name="rowsOfATransaction">Rows that one statement changes.</param>
    /// <param name="time">How long.</param>
    /// <param name="cancellation">Stops it before.</param>
    /// <returns>Sampled transactions, in order, and rows a second that were written: fewer where the machine has no time.</returns>
    public async Task<(IReadOnlyList<Commit> Commits, double RowsPerSecond)> RunAsync(
        int rowsPerSecond, int rowsOfATransaction, TimeSpan time, CancellationToken cancellation)
    {
        var perSecond = (double)rowsPerSecond / rowsOfATransaction;
        var sampled = Math.Min(perSecond, MostSamplesPerSecond);
        var first = Volatile.Read(ref _next);
        var begun = Stopwatch.GetTimestamp();
        var until = begun + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var writing = new List<Task>();
        for (var i = 0; i < Connections && perSecond > sampled; i++)
        {
            var offset = i / (perSecond - sampled);
            writing.Add(Task.Run(() => WriteAsync((perSecond - sampled) / Connections, offset), CancellationToken.None));
        }

        var samples = await Task.Run(() => SampleAsync(sampled), CancellationToken.None).ConfigureAwait(false);
        await Task.WhenAll(writing).ConfigureAwait(false);
        return (samples, (Volatile.Read(ref _next) - first) / Stopwatch.GetElapsedTime(begun).TotalSeconds);

        async Task WriteAsync(double rate, double offset)
        {
            await using var connection = await database.OpenConnectionAsync(CancellationToken.None).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(statement, connection);
            command.Parameters.Add(new NpgsqlParameter<long>());
            command.Parameters.Add(new NpgsqlParameter<long[]>());
            await command.PrepareAsync(CancellationToken.None).ConfigureAwait(false);
            await AtRateAsync(rate, offset, async () =>
            {
                Fill(command.Parameters);
                await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }

        async Task<List<Commit>> SampleAsync(double rate)
        {
            var commits = new List<Commit>();
            await using var connection = await database.OpenConnectionAsync(CancellationToken.None).ConfigureAwait(false);
            var timeline = await TimelineAsync(connection).ConfigureAwait(false);

            // Each command is a transaction of its own; both go out in one packet, so that the position is asked right after the commit.
            await using var batch = new NpgsqlBatch(connection) { EnableErrorBarriers = true };
            var write = new NpgsqlBatchCommand(statement)
            {
                Parameters = { new NpgsqlParameter<long>(), new NpgsqlParameter<long[]>() },
            };
            batch.BatchCommands.Add(write);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint"));
            await batch.PrepareAsync(CancellationToken.None).ConfigureAwait(false);
            await AtRateAsync(rate, 0, async () =>
            {
                Fill(write.Parameters);
                var started = Stopwatch.GetTimestamp();
                await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                var done = Stopwatch.GetTimestamp();
                commits.Add(new Commit(started, done, ReplayPosition.EndOf(timeline, new Lsn((ulong)reader.GetInt64(0)))));
            }).ConfigureAwait(false);
            return commits;
        }

        async Task AtRateAsync(double rate, double offset, Func<Task> write)
        {
            var from = Stopwatch.GetTimestamp() + (long)(offset * Stopwatch.Frequency);
            for (long done = 0; ; done++)
            {
                var due = from + (long)(done / rate * Stopwatch.Frequency);
                if (due >= until || cancellation.IsCancellationRequested)
                {
                    return;
                }

                var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (wait >= TimeSpan.FromMilliseconds(1))
                {
                    await Task.Delay(wait, CancellationToken.None).ConfigureAwait(false);
                }

                await write().ConfigureAwait(false);
            }
        }

        void Fill(NpgsqlParameterCollection parameters)
        {
            var rows = new long[rowsOfATransaction];
            var at = Interlocked.Add(ref _next, rowsOfATransaction);
            for (var i = 0; i < rows.Length; i++)
            {
                rows[i] = ids[(int)((at + i) % ids.Length)];
            }

            // In one order, or two transactions wait for each other for ever.
            Array.Sort(rows);
            ((NpgsqlParameter<long[]>)parameters[1]).TypedValue = rows;
            ((NpgsqlParameter<long>)parameters[0]).TypedValue = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        }
    }

    private static async Task<Timeline> TimelineAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT pg_walfile_name(pg_current_wal_insert_lsn())", connection);
        return Timeline.FromWalFileName((string)(await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))!);
    }
}

using System.Collections.Concurrent;
using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// A node's PostgreSQL clock as this process knows it: an offset against the process's monotonic clock, so that neither a step of this
/// machine's clock nor the clocks of other machines matter. Measured on connections of its own every
/// <see cref="PostgresOptions.ClockInterval"/>; wrong by at most half of the measurement's round trip, which is at most
/// <see cref="PostgresOptions.ClockMaxRoundTrip"/>.
/// </summary>
public sealed class DatabaseClock(NodePool pool, TimeProvider time)
{
    private const int Samples = 3;

    private readonly ConcurrentDictionary<NodeName, Reading> _readings = new();

    /// <summary>False before the first measurement that was good.</summary>
    public bool TryGetNow(NodeName node, out DateTimeOffset now)
    {
        if (_readings.TryGetValue(node, out var reading))
        {
            now = reading.Database + time.GetElapsedTime(reading.Timestamp);
            return true;
        }

        now = default;
        return false;
    }

    /// <exception cref="NodeUnavailableException">The clock was never measured.</exception>
    public DateTimeOffset Now(NodeName node) => TryGetNow(node, out var now)
        ? now
        : throw new NodeUnavailableException(node, $"The clock of node {node} has not been measured yet.");

    /// <summary>Measures unless that was done before.</summary>
    /// <exception cref="NodeUnavailableException">The node can't be asked, or answers too slowly.</exception>
    public async ValueTask<DateTimeOffset> EnsureAsync(NodeName node, CancellationToken cancellation)
    {
        if (!TryGetNow(node, out var now))
        {
            await MeasureAsync(node, cancellation).ConfigureAwait(false);
            now = TryGetNow(node, out now)
                ? now
                : throw new NodeUnavailableException(
                    node, $"Node {node} takes more than {pool.Options.ClockMaxRoundTrip.TotalMilliseconds} ms to tell its clock.");
        }

        return now;
    }

    /// <summary>Measures now. False: every round trip took too long; the former offset stays.</summary>
    /// <exception cref="NodeUnavailableException">The node can't be asked; the former offset stays.</exception>
    public async ValueTask<bool> MeasureAsync(NodeName node, CancellationToken cancellation)
    {
        try
        {
            var connection = await pool.OpenAsync(node, pool.Aside(node), cancellation).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
                Reading? best = null;
                for (var i = 0; i < Samples; i++)
                {
                    var sent = time.GetTimestamp();
                    var database = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!);
                    var roundTrip = time.GetElapsedTime(sent);
                    if (roundTrip <= pool.Options.ClockMaxRoundTrip && !(best?.RoundTrip <= roundTrip))
                    {
                        // Half of the round trip after it was sent, on the average, the server read its clock.
                        best = new Reading(database - (roundTrip / 2), sent, roundTrip);
                    }
                }

                if (best is null)
                {
                    return false;
                }

                _readings[node] = best;
                return true;
            }
        }
        catch (NpgsqlException e) when (NodeUnavailableException.IsCausedBy(e))
        {
            throw new NodeUnavailableException(node, e);
        }
    }

    private sealed record Reading(DateTimeOffset Database, long Timestamp, TimeSpan RoundTrip);
}

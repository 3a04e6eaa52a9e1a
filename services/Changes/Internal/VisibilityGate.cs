using System.Globalization;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// Holds transactions back until other sessions see them. A commit is decoded before that (always by a little, and as long as a synchronous
/// standby keeps it waiting): a reader that refilled between the mark and the visibility would keep the old row for ever.
/// </summary>
internal sealed class VisibilityGate(NpgsqlConnection connection, TimeProvider time) : IAsyncDisposable
{
    private readonly NpgsqlCommand _query = new("SELECT pg_current_snapshot()::text", connection);

    /// <summary>The server as it is now.</summary>
    public async Task<SnapshotView> LookAsync(CancellationToken cancellationToken) =>
        SnapshotView.Parse((string)(await _query.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!);

    /// <summary>
    /// Returns when every transaction has ended that was running at the call: what a new slot may have missed (written, but waiting for a
    /// standby) is visible then.
    /// </summary>
    public async Task WaitForRunningAsync(Action<ulong> onWaiting, CancellationToken cancellationToken)
    {
        // A number of its own is higher than that of any that runs. A snapshot's xmax need not be: it is one past the newest transaction that
        // has completed, so a commit that waits for a standby, and that nobody has overtaken yet, stands at xmax, and xmin does too.
        ulong own;
        await using (var take = new NpgsqlCommand("SELECT pg_current_xact_id()::text", connection))
        {
            own = ulong.Parse((string)(await take.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!, CultureInfo.InvariantCulture);
        }

        for (var attempt = 0; ; attempt++)
        {
            var now = await LookAsync(cancellationToken).ConfigureAwait(false);
            if (now.Xmin > own)
            {
                return;
            }

            if (attempt == 50)
            {
                onWaiting(now.Xmin);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>How long to wait before looking again, after <paramref name="attempt"/> vain looks.</summary>
    public static TimeSpan Pause(int attempt) => attempt switch
    {
        < 5 => TimeSpan.Zero,
        < 20 => TimeSpan.FromMilliseconds(1),
        _ => TimeSpan.FromMilliseconds(10),
    };

    public ValueTask DisposeAsync() => _query.DisposeAsync();
}

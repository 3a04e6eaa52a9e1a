using System.Diagnostics.Metrics;
using InstaGrpc.Contracts.Ids;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.IdService;

/// <summary>
/// Announces the end of the ids, <see cref="InstaId.SignedEnd"/>: the gauge <c>insta.id.left</c>, and a warning a day in the last years. From
/// then on an id would be negative, and everything that compares ids with zero or sorts them as signed numbers would be wrong.
/// </summary>
internal sealed partial class IdEpochEnd : BackgroundService
{
    public const string MeterName = "InstaGrpc.Ids";

    /// <summary>Long enough to widen ids everywhere.</summary>
    public static readonly TimeSpan Notice = TimeSpan.FromDays(5 * 365);

    private static readonly TimeSpan _interval = TimeSpan.FromDays(1);

    private readonly TimeProvider _time;
    private readonly ILogger<IdEpochEnd> _logger;

    public IdEpochEnd(IMeterFactory meters, ILogger<IdEpochEnd> logger, TimeProvider? time = null)
    {
        (_time, _logger) = (time ?? TimeProvider.System, logger);
        meters.Create(MeterName).CreateObservableGauge("insta.id.left", () => Left.TotalSeconds, "s", "Until ids would no longer be positive.");
    }

    private TimeSpan Left => InstaId.SignedEnd - _time.GetUtcNow();

    /// <summary>Warns when it is time to.</summary>
    public void Look()
    {
        if (Left < Notice)
        {
            LogEndIsNear(InstaId.SignedEnd, Math.Max(0, (long)Left.TotalDays));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            Look();
            await Task.Delay(_interval, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1900, LogLevel.Warning, "Ids end at {End:u}, in {Days} days: all that holds one needs a wider type by then")]
    private partial void LogEndIsNear(DateTimeOffset end, long days);
}

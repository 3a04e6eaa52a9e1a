// An instance of the id generator in a process of its own, for tests that kill or freeze it.
// Arguments: connection string of the directory, shard, window in ms. Writes ids, 64 a line, until its standard input ends.
using InstaGrpc.Services.IdService;
using Npgsql;

var shard = int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture);
var options = new IdServiceOptions { Window = TimeSpan.FromMilliseconds(double.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture)) };
await using var directory = NpgsqlDataSource.Create(args[0]);
await using var generator = new IdGenerator(new PostgresIdWindows(directory, options), TimeProvider.System);
using var ended = new CancellationTokenSource();
_ = Task.Run(() =>
{
    while (Console.In.Read() >= 0)
    {
    }
    ended.Cancel();
});
var ids = new long[64];
while (!ended.IsCancellationRequested)
{
    await generator.FillAsync(shard, ids, CancellationToken.None);
    // A line goes out whole: a kill in the middle leaves a line without its end, which the reader drops.
    await Console.Out.WriteAsync(string.Join(' ', ids) + " .\n");
    await Console.Out.FlushAsync();
}

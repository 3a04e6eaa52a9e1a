using System.Diagnostics;
using System.Globalization;

namespace InstaGrpc.Host.Import;

/// <summary>How far something countable is: rewritten in place on a terminal, a line every five seconds otherwise.</summary>
internal sealed class Progress : IDisposable
{
    private readonly TextWriter _output;
    private readonly string _name;
    private readonly long _total;
    private readonly bool _terminal;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Timer _timer;
    private long _done;

    public Progress(TextWriter output, string name, long total, bool terminal)
    {
        (_output, _name, _total, _terminal) = (output, name, total, terminal);
        var interval = terminal ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(5);
        _timer = new Timer(_ => Show(last: false), null, interval, interval);
    }

    public void Add(long count = 1) => Interlocked.Add(ref _done, count);

    public void Dispose()
    {
        using (var ended = new ManualResetEvent(false))
        {
            if (_timer.Dispose(ended)) ended.WaitOne();
        }
        Show(last: true);
    }

    private void Show(bool last)
    {
        var done = Interlocked.Read(ref _done);
        var rate = done / Math.Max(_watch.Elapsed.TotalSeconds, 0.001);
        var line = string.Create(
            CultureInfo.InvariantCulture, $"{_name,-10} {done:N0} of {_total:N0}  {_watch.Elapsed.TotalSeconds:0.0} s  {rate:N0}/s");
        if (_terminal) _output.Write($"\r{line,-70}" + (last ? "\n" : ""));
        else _output.WriteLine(line);
    }
}

namespace InstaGrpc.Load;

/// <summary>Data for iterations.</summary>
public static class DataFeed
{
    /// <summary>Item after item, and from the beginning again.</summary>
    public static IDataFeed<T> Circular<T>(IReadOnlyList<T> items) => new CircularFeed<T>(items);

    /// <summary>Every item as often as every other.</summary>
    public static IDataFeed<T> Random<T>(IReadOnlyList<T> items) => new WeightedFeed<T>(items, static _ => 1);

    /// <summary>By Zipf's law: the item of rank r, from 1, in proportion to <c>1 / r^exponent</c>.</summary>
    public static IDataFeed<T> Zipf<T>(IReadOnlyList<T> items, double exponent = 1) =>
        new WeightedFeed<T>(items, rank => Math.Pow(rank + 1, -exponent));

    private sealed class CircularFeed<T>(IReadOnlyList<T> items) : IDataFeed<T>
    {
        private long _next = -1;

        public T GetNextItem(IScenarioContext context) => items[(int)(Interlocked.Increment(ref _next) % items.Count)];
    }

    private sealed class WeightedFeed<T> : IDataFeed<T>
    {
        private readonly IReadOnlyList<T> _items;
        private readonly double[] _upTo;

        public WeightedFeed(IReadOnlyList<T> items, Func<int, double> weight)
        {
            _items = items;
            _upTo = new double[items.Count];
            var sum = 0.0;
            for (var rank = 0; rank < items.Count; rank++)
            {
                _upTo[rank] = sum += weight(rank);
            }
        }

        public T GetNextItem(IScenarioContext context)
        {
            var at = Array.BinarySearch(_upTo, context.Random.NextDouble() * _upTo[^1]);
            return _items[Math.Min(at < 0 ? ~at : at + 1, _items.Count - 1)];
        }
    }
}

using System.Globalization;

namespace InstaGrpc.Host.Import;

/// <summary>A file of friendships: one <c>a b</c> pair of numbers a line, each undirected; empty lines and lines that begin with # are passed over.</summary>
internal sealed class EdgeList
{
    private EdgeList(IReadOnlyList<int> people, IReadOnlyDictionary<int, SortedSet<int>> friends, int follows) =>
        (People, Friends, Follows) = (people, friends, follows);

    /// <summary>Ascending.</summary>
    public IReadOnlyList<int> People { get; }

    /// <summary>Of each person; a friendship stands on both sides.</summary>
    public IReadOnlyDictionary<int, SortedSet<int>> Friends { get; }

    /// <summary>Two for each friendship.</summary>
    public int Follows { get; }

    /// <exception cref="UsageException">The file can't be read; the message names the line.</exception>
    public static EdgeList Read(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path} does not exist");
        var friends = new SortedDictionary<int, SortedSet<int>>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line) || line.StartsWith('#')) continue;
            var fields = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length != 2 || !TryNumber(fields[0], out var a) || !TryNumber(fields[1], out var b) || a == b)
            {
                throw new UsageException($"{path}, line {number}: two different numbers are expected, not \"{line}\"");
            }
            Add(friends, a, b);
            Add(friends, b, a);
        }
        return new EdgeList([.. friends.Keys], friends, friends.Values.Sum(set => set.Count));
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static void Add(SortedDictionary<int, SortedSet<int>> friends, int from, int to)
    {
        if (!friends.TryGetValue(from, out var set)) friends[from] = set = [];
        set.Add(to);
    }
}

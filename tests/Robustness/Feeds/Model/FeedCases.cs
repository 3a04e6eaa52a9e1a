using FsCheck;
using FsCheck.Fluent;

namespace InstaGrpc.Robustness.Feeds.Model;

/// <summary>Draws cases for a pair of thresholds, and makes a failing one smaller.</summary>
/// <param name="activeFirstFrom">Followers from which on a post goes to active readers first.</param>
/// <param name="pullAbove">Followers above which nothing is pushed.</param>
public sealed class FeedCases(int activeFirstFrom, int pullAbove)
{
    private const ulong Block = 10;

    private readonly int _crowd = pullAbove + 2;

    /// <summary>Whether anything is lost under the cases of such a number. It is lost under all that run at the time, and whose timeline is gone gets
    /// one without a fault: so the others run apart, or faults of what stays for long would hardly show.</summary>
    public static bool IsStormy(ulong seed) => seed / Block % 2 == 1;

    /// <summary>The case of a number: always the same one, with what is lost (<see cref="LossOf"/>) anywhere in it.</summary>
    public FeedCase Draw(ulong seed)
    {
        var drawn = Gen.Sample(Case(seed), 1, new Rnd(seed, (seed << 1) | 1), 50).Single();
        if (LossOf(seed) is not { } loss)
        {
            return drawn;
        }

        var at = new Random((int)seed).Next(drawn.Two.Count + 1);
        return drawn with { Two = [.. drawn.Two.Take(at), loss, .. drawn.Two.Skip(at)] };
    }

    /// <summary>What is lost in the case of a number: in one of ten stormy ones the projector is killed, in one a memcached, and in two everything is
    /// flushed. Null: nothing.</summary>
    public static Operation? LossOf(ulong seed) => !IsStormy(seed) ? null : (seed % Block) switch
    {
        2 or 7 => new Operation.Flush(),
        4 => new Operation.KillProjector(),
        9 => new Operation.KillMemcached((int)(seed / (2 * Block))),
        _ => null,
    };

    /// <summary>Cases with fewer operations, the smallest first.</summary>
    public static IEnumerable<FeedCase> Shrink(FeedCase larger)
    {
        foreach (var some in Fewer(larger.Two))
        {
            yield return larger with { Two = some };
        }

        foreach (var some in Fewer(larger.One))
        {
            yield return larger with { One = some };
        }

        foreach (var some in Fewer(larger.Before))
        {
            yield return larger with { Before = some };
        }
    }

    private static IEnumerable<IReadOnlyList<Operation>> Fewer(IReadOnlyList<Operation> all)
    {
        for (var size = all.Count; size > 0; size /= 2)
        {
            for (var at = 0; at < all.Count; at += size)
            {
                yield return [.. all.Take(at), .. all.Skip(at + size)];
            }
        }
    }

    private Gen<FeedCase> Case(ulong seed) =>
        from users in Gen.Choose(3, 5)
        from crowd in Gen.Choose(0, _crowd)
        from before in Gen.ListOf(Before(users), 4 * users)
        from one in Gen.Frequency((4, Journey(users)), (1, Gen.ListOf(Wild(users), 14).Select(Steps)))
        from two in Gen.ListOf(Step(users), 12)
        select new FeedCase(seed, users, _crowd, [new Operation.Crowd(crowd, false), .. before], one, Steps(two));

    private Gen<Operation> Before(int users) => Gen.Frequency((3, Follow(users)), (2, Post(users)), (1, Step(users)));

    // Through every tier and back, from below or from above.
    private Gen<IReadOnlyList<Operation>> Journey(int users) =>
        from fromAbove in Gen.Elements(true, false)
        from low in Gen.Choose(0, activeFirstFrom - 1)
        from middle in Gen.Choose(activeFirstFrom, pullAbove - 1)
        from high in Gen.Choose(pullAbove + 1, _crowd)
        from waits in Gen.ListOf(Gen.Frequency((5, Gen.Constant(true)), (1, Gen.Constant(false))), 6)
        from steps in Gen.ListOf(Step(users), 6)
        let sizes = fromAbove ? new[] { high, middle, low, middle, high, low } : [low, middle, high, middle, low, high]
        select Steps(sizes.Zip(waits, steps).SelectMany(static part => new[]
        {
            new Operation.Crowd(part.First, part.Second), new Operation.Post(0, part.Second), part.Third,
        }));

    // The crowd anywhere at any time.
    private Gen<Operation> Wild(int users) => Gen.Frequency(
        (4, Step(users)),
        (1, Two(Gen.Choose(0, _crowd), Gen.Elements(true, false), static (size, waits) => new Operation.Crowd(size, waits))));

    private Gen<Operation> Step(int users) => Gen.Frequency(
        (5, Follow(users)),
        (4, Pair(users).Select(static pair => (Operation)new Operation.Unfollow(pair.Who, pair.Whom))),
        (1, Pair(users).Select(static pair => (Operation)new Operation.Block(pair.Who, pair.Whom))),
        (1, Pair(users).Select(static pair => (Operation)new Operation.Unblock(pair.Who, pair.Whom))),
        (6, Post(users)),
        (3, Two(Gen.Choose(0, users - 1), Gen.Choose(0, 9), static (who, which) => new Operation.Delete(who, which))),
        (3, Two(Gen.Choose(0, users + 3), Gen.Elements(1, 2, 3, 7, 30), static (who, size) => new Operation.Walk(who, size))),
        (3, Gen.Choose(0, users + _crowd - 1).Select(static who => (Operation)new Operation.Evict(who))),
        (4, Like(users)));

    private static Gen<Operation> Post(int users) => Gen.Choose(0, users - 1).Select(static who => (Operation)new Operation.Post(who));

    // A few who like a few posts, so that many likes are of the same post, and some are taken back.
    private static Gen<Operation> Like(int users) =>
        from who in Gen.Choose(0, users - 1)
        from author in Gen.Choose(0, users - 1)
        from which in Gen.Choose(0, 2)
        from likes in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)))
        select (Operation)new Operation.Like(who, author, which, likes);

    private static Gen<Operation> Follow(int users) =>
        Pair(users).Select(static pair => (Operation)new Operation.Follow(pair.Who, pair.Whom));

    // Seldom the star: the crowd decides on which side of the thresholds he is.
    private static Gen<(int Who, int Whom)> Pair(int users) =>
        from who in Gen.Choose(0, users + 1)
        from whom in Gen.Frequency((12, Gen.Choose(1, users - 1)), (1, Gen.Constant(0)))
        select (who, who == whom ? (whom + 1) % users : whom);

    private static Gen<Operation> Two<T1, T2>(Gen<T1> one, Gen<T2> two, Func<T1, T2, Operation> make) => one.SelectMany(_ => two, make);

    private static IReadOnlyList<Operation> Steps(IEnumerable<Operation> steps) => [.. steps];
}

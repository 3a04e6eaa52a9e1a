using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Timelines;

/// <summary>What a post does when it is fanned out: those who do it and those who ask beforehand plan alike.</summary>
/// <param name="Tier">How it reaches its readers.</param>
/// <param name="Followers">The author's, now.</param>
/// <param name="Batches">Pages of followers that are gone through: in the tier "active first" each twice, once for the active ones and once
/// for the others. A page with nobody for this pass is counted, although nothing is sent for it.</param>
/// <param name="Eta">An estimate, no bound: all pages at <see cref="FanoutOptions.AppendsPerSecond"/>, and beyond the burst no faster than the
/// author's share, which holds while other authors' posts wait. What waits before it is not in it.</param>
public readonly record struct FanoutPlan(FanoutTier Tier, long Followers, long Batches, TimeSpan Eta)
{
    /// <summary>Plans a post.</summary>
    /// <param name="options">Tiers, batch size, fairness cap.</param>
    /// <param name="followers">The author's, now.</param>
    /// <param name="noticed">Whether the notice that he is pulled has reached every follower; read in the same snapshot as
    /// <paramref name="followers"/>. Until then his posts are pushed, however many follow him: a timeline without the notice does not ask
    /// for them.</param>
    public static FanoutPlan Of(FanoutOptions options, long followers, bool noticed)
    {
        var tier = options.TierOf(followers);
        return In(options, tier == FanoutTier.Pull && !noticed ? FanoutTier.ActiveFirst : tier, followers);
    }

    /// <summary>The plan of a post whose tier is decided.</summary>
    public static FanoutPlan In(FanoutOptions options, FanoutTier tier, long followers)
    {
        var batches = PassesOf(tier) * ((followers + options.BatchSize - 1) / options.BatchSize);
        var gone = PassesOf(tier) * followers / options.AppendsPerSecond;
        var held = tier == FanoutTier.Pull ? 0 : Math.Max(0, followers - options.PostBurst) / options.PostRate;
        return new FanoutPlan(tier, followers, batches, TimeSpan.FromSeconds(Math.Max(gone, held)));
    }

    /// <summary>How often the followers are gone through.</summary>
    public static int PassesOf(FanoutTier tier) => tier switch
    {
        FanoutTier.Push => 1,
        FanoutTier.ActiveFirst => 2,
        _ => 0,
    };
}

using InstaGrpc.Caching;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Invalidator.Tests;

public sealed class InvalidationTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task AChangeOfARowTakesAwayTheEntryThatItsContractBindsAndNoOther()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts.Number == 1)).Generation;
        await mesh.PutAsync(media.Encode(["42"]), generation);
        await mesh.PutAsync(media.Encode(["43"]), generation);

        var changed = await mesh.Stream.UpdateAsync("media", ("id", "42"));
        var watermark = await mesh.WatermarkAsync(w => w.Lo >= changed);

        Assert.False((await mesh.LookAsync(media.Encode(["42"]), generation)).IsHit);
        Assert.True((await mesh.LookAsync(media.Encode(["43"]), generation)).IsHit);
        Assert.Equal(generation, watermark.Generation);
        Assert.True(watermark.Hi >= watermark.Lo);
    }

    [Fact]
    public async Task AValueThatMayBeServedStaleIsMarkedAndStays()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var counts = await mesh.AnnounceAndPublishAsync("test.Media/Counts", "media_counts", "media_id", maxStaleMs: 2000);
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts.Number == 1)).Generation;
        await mesh.PutAsync(counts.Encode(["7"]), generation);

        var changed = await mesh.Stream.UpdateAsync("media_counts", ("media_id", "7"));
        await mesh.WatermarkAsync(w => w.Lo >= changed);

        var reply = await mesh.LookAsync(counts.Encode(["7"]), generation);
        Assert.True(reply.Stale);
        Assert.True(reply.Won);
        Assert.Equal("old"u8.ToArray(), reply.Value);
    }

    [Fact]
    public async Task AnUpdateThatMovesARowTouchesItsOldKeyToo()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var list = await mesh.AnnounceAndPublishAsync("test.Media/ListByUser", "media", "owner_id", list: true);
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts.Number == 1)).Generation;
        await mesh.PutAsync(list.Encode(["1"]), generation);
        await mesh.PutAsync(list.Encode(["2"]), generation);

        var changed = await mesh.Stream.UpdateAsync("media", [("owner_id", "2"), ("id", "9")], [("owner_id", "1"), ("id", "9")]);
        await mesh.WatermarkAsync(w => w.Lo >= changed);

        Assert.False((await mesh.LookAsync(list.Encode(["1"]), generation)).IsHit);
        Assert.False((await mesh.LookAsync(list.Encode(["2"]), generation)).IsHit);
    }

    [Fact]
    public async Task ATruncateBeginsAGenerationAtItsOwnPosition()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts.Number == 1)).Generation;

        var truncated = await mesh.Stream.TruncateAsync("media");
        var watermark = await mesh.WatermarkAsync(w => w.Generation != generation);

        Assert.True(watermark.Lo >= truncated, $"lo {watermark.Lo} lies before the truncate at {truncated}: a follower there still has the rows");
    }

    [Fact]
    public async Task ARowWithoutABoundColumnBeginsAGeneration()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        await mesh.AnnounceAndPublishAsync("test.Media/ListByUser", "media", "owner_id", list: true);
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts.Number == 1)).Generation;

        await mesh.Stream.DeleteAsync("media", ("id", "9"));

        await mesh.WatermarkAsync(w => w.Generation != generation);
    }

    [Fact]
    public async Task AHoleInTheStreamBeginsAGenerationAtThePredecessorOfWhatFollows()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(_ => true)).Generation;

        mesh.Stream.Lose();
        var behindTheHole = mesh.Stream.End;
        await mesh.Stream.HeartbeatAsync();
        var watermark = await mesh.WatermarkAsync(w => w.Generation != generation);

        Assert.True(watermark.Lo >= behindTheHole);
    }

    [Fact]
    public async Task AContractIsHonouredOnlyOnceTheStreamHasPassedItsPublication()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        await mesh.AnnounceAndPublishAsync("test.Before/Get", "media", "id");
        var keys = await mesh.AnnounceAsync("test.Media/Get", "media", "id");
        var published = ReplayPosition.EndOf(mesh.Stream.Timeline, new Lsn(mesh.Stream.End.Lsn.Value + 10_000));
        await mesh.AnswerAsync(keys, published);
        await mesh.StartInvalidatorAsync();

        var before = await mesh.WatermarkAsync(w => w.Contracts.Number >= 1);
        // However late this looks: where the second is honoured, the stream has passed its publication.
        Assert.True(before.Contracts.Number == 1 || before.Lo >= published, $"honoured at {before.Lo}, published from {published} on");
        var after = await mesh.WatermarkAsync(w => w.Contracts.Number > 1);
        Assert.True(after.Lo >= published, $"honoured at {after.Lo}, published from {published} on");
        Assert.Equal(keys.Number, after.Contracts);
    }

    [Fact]
    public async Task AContractThatIsNotYetAnsweredHoldsUpThoseBehindItAndARefusedOneDoesNot()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var refused = await mesh.AnnounceAsync("test.Refused/Get", "media", "id");
        var waiting = await mesh.AnnounceAsync("test.Waiting/Get", "media", "id");
        var third = await mesh.AnnounceAsync("test.Third/Get", "media", "id");
        await mesh.AnswerAsync(refused, null);
        await mesh.AnswerAsync(third, mesh.Stream.End);
        await mesh.StartInvalidatorAsync();

        await mesh.WatermarkAsync(w => w.Contracts.Number == 1);
        var later = await mesh.Stream.HeartbeatAsync();
        Assert.Equal(1, (await mesh.WatermarkAsync(w => w.Lo >= later)).Contracts.Number);

        await mesh.AnswerAsync(waiting, mesh.Stream.End);
        await mesh.WatermarkAsync(w => w.Contracts.Number == 3);
    }

    [Fact]
    public async Task ARefusedContractsKeysAreFollowedBecauseItMayBePublishedAtAnyMoment()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var refused = await mesh.AnnounceAsync("test.Refused/Get", "media", "id");
        await mesh.AnswerAsync(refused, null);
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts == refused.Number)).Generation;

        // A process that has read 'published' before this invalidator fills; here the invalidator never learns of it.
        await mesh.PutAsync(refused.Encode(["42"]), generation);
        var changed = await mesh.Stream.UpdateAsync("media", ("id", "42"));
        await mesh.WatermarkAsync(w => w.Lo >= changed);

        Assert.False((await mesh.LookAsync(refused.Encode(["42"]), generation)).IsHit);
    }

    [Fact]
    public async Task ARowWithoutAColumnThatOnlyARefusedContractBindsBeginsNoGeneration()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var refused = await mesh.AnnounceAsync("test.Refused/List", "media", "owner_id", list: true);
        await mesh.AnswerAsync(refused, null);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts == media.Number)).Generation;
        await mesh.PutAsync(media.Encode(["9"]), generation);

        var changed = await mesh.Stream.DeleteAsync("media", ("id", "9"));

        Assert.Equal(generation, (await mesh.WatermarkAsync(w => w.Lo >= changed)).Generation);
        Assert.False((await mesh.LookAsync(media.Encode(["9"]), generation)).IsHit);
    }

    [Fact]
    public async Task AContractThatCannotBeReadStopsTheCountThereUntilItIsEnded()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var known = await mesh.AnnounceAndPublishAsync("test.Known/Get", "media", "id");
        var spoilt = await mesh.AnnounceAndPublishAsync("test.Spoilt/Get", "media", "id");
        await mesh.SpoilAsync(spoilt);
        var behind = await mesh.AnnounceAndPublishAsync("test.Behind/Get", "media", "id");
        var log = new LogLines();
        await mesh.StartInvalidatorAsync(log);

        await log.UntilAsync("Contract 2 in the directory can't be read");
        await mesh.WatermarkAsync(w => w.Contracts == known.Number);
        var later = await mesh.Stream.HeartbeatAsync();
        Assert.Equal(known.Number, (await mesh.WatermarkAsync(w => w.Lo >= later)).Contracts);

        await mesh.EndAsync(spoilt);
        await mesh.WatermarkAsync(w => w.Contracts == behind.Number);
    }

    [Fact]
    public async Task AContractThatBecomesUnreadableLaterIsStillFollowed()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts == media.Number)).Generation;
        await mesh.SpoilAsync(media);

        // The next contract shows that the directory was read since.
        var next = await mesh.AnnounceAndPublishAsync("test.Next/Get", "media", "id");
        await mesh.WatermarkAsync(w => w.Contracts == next.Number);
        await mesh.PutAsync(media.Encode(["42"]), generation);
        var changed = await mesh.Stream.UpdateAsync("media", ("id", "42"));
        await mesh.WatermarkAsync(w => w.Lo >= changed);

        Assert.False((await mesh.LookAsync(media.Encode(["42"]), generation)).IsHit);
    }

    [Fact]
    public async Task AnEncoderThatThisBuildDoesNotKnowStopsTheCountThere()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var known = await mesh.AnnounceAndPublishAsync("test.Known/Get", "media", "id");
        await mesh.AnnounceAsync("test.Future/Get", "media", "id", encoder: 99);
        var behind = await mesh.AnnounceAndPublishAsync("test.Behind/Get", "media", "id");
        await mesh.StartInvalidatorAsync();

        await mesh.WatermarkAsync(w => w.Contracts == known.Number);
        var later = await mesh.Stream.HeartbeatAsync();
        Assert.Equal(known.Number, (await mesh.WatermarkAsync(w => w.Lo >= later)).Contracts);
        Assert.Equal(3, behind.Number.Number);
    }
}

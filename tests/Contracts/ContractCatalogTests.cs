using InstaGrpc.Contracts.Tests.BadV1;

namespace InstaGrpc.Contracts.Tests;

public sealed class ContractCatalogTests
{
    private static readonly IReadOnlyList<ContractFault> s_faults = ReadBad();

    [Theory]
    [InlineData("UnknownAllow", "allow has \"users\", which is no rule")]
    [InlineData("AnonymousBesideOthers", "allow has \"anonymous\" beside other rules")]
    [InlineData("RetryWithSideEffects", "retry on a method that may have side effects")]
    [InlineData("RetryTooOften", "retry.max_attempts is 9")]
    [InlineData("RetryBackwards", "retry.max_backoff_ms (100) is below retry.initial_backoff_ms (500)")]
    [InlineData("RateOfNothing", "rate_limit.permits_per_second is 0")]
    [InlineData("RateBurst", "rate_limit.burst is 9000000")]
    [InlineData("ShardKeyMissing", "shard_key: test.bad.v1.Ask has no field \"nope\"")]
    [InlineData("ShardKeyNoId", "shard_key \"name\" is string, not an int64 id")]
    [InlineData("ShardKeyOfStream", "shard_key on a method whose request is a stream")]
    [InlineData("ShardKeyIgnored", "shard_key \"id\" is in cache.ignored_fields")]
    [InlineData("CacheOfStream", "cache on a streaming method")]
    [InlineData("CacheWithSideEffects", "cache on a method that may have side effects")]
    [InlineData("VaryByAnybody", "cache.vary_by_caller on a method that callers without a user may call")]
    [InlineData("KeyMissing", "cache.key: test.bad.v1.Ask has no field \"nope\"")]
    [InlineData("KeyRepeated", "cache.key \"ids\" is repeated int64")]
    [InlineData("KeyMessage", "cache.key \"inner\" is test.bad.v1.Inner")]
    [InlineData("KeyFloat", "cache.key \"ratio\" is double")]
    [InlineData("KeyTwice", "cache.key names \"id\" 2 times")]
    [InlineData("KeyCaller", "cache.key has \"@caller\"")]
    [InlineData("NoTtl", "cache.ttl_seconds is 0")]
    [InlineData("TtlTooLong", "cache.ttl_seconds is 9999999")]
    [InlineData("StaleTooShort", "cache.max_stale_ms is 199")]
    [InlineData("StaleList", "cache.max_stale_ms is 500 beside cache.group")]
    [InlineData("CopyLongerThanEntry", "cache.l1_ttl_ms (2000) is above cache.ttl_seconds")]
    [InlineData("FieldOutsideTheKey", "request field \"name\" is neither in cache.key nor in cache.ignored_fields")]
    [InlineData("HalfOfAMessage", "request field \"inner.rest\" is neither in cache.key nor in cache.ignored_fields")]
    [InlineData("IgnoredMissing", "cache.ignored_fields has \"nope\"")]
    [InlineData("IgnoredKey", "\"id\" is in cache.key and in cache.ignored_fields")]
    [InlineData("GroupOutsideKey", "cache.group has \"flag\", which is not in cache.key")]
    [InlineData("GroupTwice", "cache.group names \"id\" 2 times")]
    [InlineData("GroupOfEverything", "cache.group has every field of cache.key")]
    [InlineData("NoDependency", "cache without depends_on")]
    [InlineData("NoTable", "depends_on.table is \"\"")]
    [InlineData("NotBound", "depends_on \"things\" does not bind \"name\"")]
    [InlineData("BoundTwice", "depends_on \"things\" binds \"id\" 2 times")]
    [InlineData("BoundToNothing", "depends_on \"things\" binds \"id\" to no column")]
    [InlineData("BindsAStranger", "depends_on \"things\" binds \"name\", which is no field of cache.key")]
    [InlineData("BindsTheCaller", "depends_on \"things\" binds \"@caller\", but the answer does not vary by caller")]
    [InlineData("BindsBytes", "bound field \"blob\" is bytes")]
    [InlineData("DeclaredTwice", "depends_on declares table \"things\" twice")]
    [InlineData("BatchWithKey", "cache.batch beside other cache settings")]
    [InlineData("BatchOfNobody", "batch.item_method \"Nope\" is no method")]
    [InlineData("BatchOfUncached", "batch.item_method \"GetPlain\" has no cache")]
    [InlineData("BatchOfList", "batch.item_method \"GetList\" is a list")]
    [InlineData("BatchOfRich", "has field \"more\" beside \"thing\"")]
    [InlineData("BatchLacksKeyField", "key field \"colour\" of GetNamed is missing")]
    [InlineData("BatchVaries", "cache.vary_by_caller differs")]
    [InlineData("BatchOfOne", "batch.request_field \"id\" is no repeated field")]
    [InlineData("BatchByStranger", "batch.item_key \"colour\" is no key field of GetThing")]
    [InlineData("BatchOfOtherType", "batch.request_field \"names\" is repeated string, batch.item_key \"id\" is int64")]
    [InlineData("BatchAnswersNothing", "batch.response_field \"nope\" is no repeated message")]
    [InlineData("BatchAnswersOther", "batch.item_response_field \"nope\"")]
    [InlineData("BatchWithoutAnswerKey", "batch.response_key \"name\" is no field")]
    public void AFaultIsNamedWithFileMethodAndFix(string method, string problem)
    {
        var fault = Assert.Single(s_faults, f => f.Method == $"test.bad.v1.BadService/{method}"
            && f.Problem.Contains(problem, StringComparison.Ordinal));

        Assert.Equal("bad/bad.proto", fault.File);
        Assert.NotEmpty(fault.Fix);
    }

    [Fact]
    public void OneMessageNamesEveryFault()
    {
        var error = Assert.Throws<InvalidContractsException>(() => ContractCatalog.Read([BadService.Descriptor]));

        Assert.True(s_faults.Count > 50);
        Assert.All(s_faults, fault => Assert.Contains(fault.ToString(), error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryMethodThatIsMeantToBeBadIsRefusedAndTheOthersStand()
    {
        var catalog = ContractCatalog.Read([BadService.Descriptor], out _);

        Assert.Equal(["GetThing", "GetPlain", "GetList", "GetRich", "GetNamed"], catalog.Methods.Select(m => m.Name));
    }

    [Fact]
    public void OurOwnContractsHaveNoFault() => Assert.NotEmpty(ContractCatalog.Read(InstaContracts.Services).Methods);

    [Fact]
    public void EveryServiceOfTheProtosIsInTheList()
    {
        var declared = typeof(InstaContracts).Assembly.GetTypes()
            .Select(t => t.GetProperty("Descriptor", typeof(Google.Protobuf.Reflection.ServiceDescriptor))?.GetValue(null))
            .OfType<Google.Protobuf.Reflection.ServiceDescriptor>().Select(s => s.FullName).Order();

        Assert.Equal(declared, InstaContracts.Services.Select(s => s.FullName).Order());
    }

    [Fact]
    public void DefaultsAreFilledIn()
    {
        var plain = ContractCatalog.Read([BadService.Descriptor], out _)["test.bad.v1.BadService/GetPlain"];
        var stream = ContractCatalog.Read(InstaContracts.Services)["insta.invalidator.v1.InvalidatorService/WatchDrops"];

        Assert.Equal(TimeSpan.FromSeconds(12), plain.Policy.Deadline);
        Assert.Equal("service", Assert.Single(plain.Policy.Allow).ToString());
        Assert.Equal(Priority.Normal, plain.Policy.Priority);
        Assert.Null(plain.Policy.Retry);
        Assert.Equal(Timeout.InfiniteTimeSpan, stream.Policy.Deadline);
    }

    [Fact]
    public void ALeaseIsTheDeadlineInWholeSecondsAndAtLeastTwo()
    {
        var catalog = ContractCatalog.Read(InstaContracts.Services);

        Assert.Equal(TimeSpan.FromSeconds(2), catalog["insta.media.v1.MediaService/GetMediaCounts"].Policy.Cache!.Lease);
        Assert.Equal(TimeSpan.FromSeconds(12),
            ContractCatalog.Read([BadService.Descriptor], out _)["test.bad.v1.BadService/GetThing"].Policy.Cache!.Lease);
    }

    [Fact]
    public void AFloorLengthensShorterDeadlinesAndNothingElse()
    {
        var catalog = ContractCatalog.Read(InstaContracts.Services, out _, deadlineFloor: TimeSpan.FromSeconds(5));

        var counts = catalog["insta.media.v1.MediaService/GetMediaCounts"].Policy;
        Assert.Equal(TimeSpan.FromSeconds(5), counts.Deadline);
        Assert.Equal(TimeSpan.FromSeconds(2), counts.Cache!.Lease);
        Assert.Equal(TimeSpan.FromSeconds(12), catalog["insta.app.v1.AppService/UploadUrl"].Policy.Deadline);
        Assert.Equal(Timeout.InfiniteTimeSpan, catalog["insta.invalidator.v1.InvalidatorService/WatchDrops"].Policy.Deadline);
    }

    [Fact]
    public void TheCallerIsTheLastKeyFieldWhereAMethodVariesByIt()
    {
        var cache = ContractCatalog.Read(InstaContracts.Services)["insta.media.v1.MediaService/HasLiked"].Policy.Cache!;

        Assert.Equal(["media_id", "@caller"], cache.Key.Select(k => k.Name));
        Assert.Equal(["media_id", "user_id"], Assert.Single(cache.DependsOn).Columns);
    }

    [Fact]
    public void TheSchemaHashFollowsPolicyAndResponse()
    {
        var catalog = ContractCatalog.Read([BadService.Descriptor], out _);
        string Hash(string name) => Convert.ToHexString(catalog["test.bad.v1.BadService/" + name].SchemaHash);

        Assert.Equal(Hash("GetThing"),
            Convert.ToHexString(ContractCatalog.Read([BadService.Descriptor], out _)["test.bad.v1.BadService/GetThing"].SchemaHash));
        Assert.NotEqual(Hash("GetThing"), Hash("GetRich"));
        Assert.NotEqual(Hash("GetThing"), Hash("GetNamed"));
    }

    private static IReadOnlyList<ContractFault> ReadBad()
    {
        ContractCatalog.Read([BadService.Descriptor], out var faults);
        return faults;
    }
}

using System.Text;
using InstaGrpc.Caching.Internal;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Caching.Tests.Protos;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>The request side and the row side make one key, and no two questions share one.</summary>
public sealed class KeyTests
{
    private static readonly KeyType[] _types = [KeyType.Integer, KeyType.Boolean, KeyType.Uuid, KeyType.Text, KeyType.Text];

    [Theory]
    [InlineData(0, false, "", "", null)]
    [InlineData(-17, true, "6c1d2f0e-7a38-4c8e-9b1e-0123456789ab", "Ünï¢ødé 🙂 | ~ # % , !", "")]
    [InlineData(int.MinValue, false, "6C1D2F0E7A384C8E9B1E0123456789AB", "a,b", "~")]
    [InlineData(int.MaxValue, true, "{6c1d2f0e-7a38-4c8e-9b1e-0123456789ab}", "\0\n\t ", "%7e")]
    public void ARequestAndItsRowMakeOneKey(int number, bool flag, string uid, string name, string? nick)
    {
        var request = new GetByAllRequest { Number = number, Flag = flag, Uid = uid, Name = name };
        if (nick is not null)
        {
            request.Nick = nick;
        }

        // As PostgreSQL writes a uuid; text that is none is on no row, but has a key of its own all the same.
        var stored = Guid.TryParse(uid, out var parsed) ? parsed.ToString("D") : uid;
        Assert.Equal(OfRow($"{number}", flag ? "t" : "f", stored, name, nick), OfRequest(request));
    }

    [Fact]
    public void AnAbsentFieldIsNoEmptyOneAndNoOtherText()
    {
        var keys = new[] { null, "", "~", "%7e", "null", "%" }.Select(nick =>
        {
            var request = new GetByAllRequest { Number = 1 };
            if (nick is not null)
            {
                request.Nick = nick;
            }

            return OfRequest(request);
        }).ToArray();
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void FieldsThatDoNotChangeTheAnswerAreNotInTheKey() =>
        Assert.Equal(OfRequest(new GetByAllRequest { RequestId = "a" }), OfRequest(new GetByAllRequest { RequestId = "b" }));

    [Fact]
    public void NoTwoQuestionsShareAKey()
    {
        // Texts made of what could be mistaken for structure, in every combination of two fields.
        var random = new Random(7);
        const string alphabet = ",|~#%!.a7e ";
        var texts = Enumerable.Range(0, 200)
            .Select(_ => new string([.. Enumerable.Range(0, random.Next(5)).Select(_ => alphabet[random.Next(alphabet.Length)])]))
            .Append(new string('x', 300)).Append(new string('x', 301)).Distinct().ToArray();
        var seen = new Dictionary<string, (string, string)>();
        foreach (var name in texts)
        {
            foreach (var nick in texts)
            {
                var key = OfRequest(new GetByAllRequest { Name = name, Nick = nick });
                if (!seen.TryAdd(key, (name, nick)))
                {
                    Assert.Fail($"\"{name}\", \"{nick}\" and {seen[key]} share {key}");
                }
            }
        }
    }

    [Fact]
    public void EverySpellingOfAUuidIsOneKey()
    {
        string[] spellings =
        [
            "6c1d2f0e-7a38-4c8e-9b1e-0123456789ab", "6C1D2F0E-7A38-4C8E-9B1E-0123456789AB", "6c1d2f0e7a384c8e9b1e0123456789ab",
            "{6c1d2f0e-7a38-4c8e-9b1e-0123456789ab}", "6c1d-2f0e-7a38-4c8e-9b1e-0123-4567-89ab", "(6c1d2f0e-7a38-4c8e-9b1e-0123456789ab)",
            " 6c1d2f0e-7a38-4c8e-9b1e-0123456789ab ", "{0x6c1d2f0e,0x7a38,0x4c8e,{0x9b,0x1e,0x01,0x23,0x45,0x67,0x89,0xab}}",
        ];
        Assert.Single(spellings.Select(uid => OfRequest(new GetByAllRequest { Uid = uid })).Distinct());
        Assert.NotEqual(OfRequest(new GetByAllRequest { Uid = spellings[0][..^1] }), OfRequest(new GetByAllRequest { Uid = spellings[0] }));
    }

    [Fact]
    public void AKeyIsWhatMemcachedTakesHoweverLongTheFieldsAre()
    {
        foreach (var length in new[] { 0, 90, 130, 131, 132, 133, 150, 200, 100_000 })
        {
            var name = new string('é', length);
            var key = ContractKeysOf(new NodeName("n1")).Encode(["1", "t", "x", name, null]).Under(ulong.MaxValue);
            Assert.InRange(key.Length, 1, KeyLayout.MaxKeyBytes);
            Assert.DoesNotContain(key, value => value is <= (byte)' ' or >= 127);
            Assert.Equal(OfRow("1", "t", "x", name, null), OfRequest(new GetByAllRequest { Number = 1, Flag = true, Uid = "x", Name = name }));
        }
    }

    [Fact]
    public void AKeyHasTheDocumentedForm()
    {
        var key = ContractKeysOf(new NodeName("n1")).Encode(["-5", "t", "6c1d2f0e-7a38-4c8e-9b1e-0123456789ab", "a b", null]);
        Assert.Equal("p.n1|insta.caching.tests.v1.ThingService/GetByAll|7e57.3|-5,t,6c1d2f0e7a384c8e9b1e0123456789ab,a%20b,~", $"{key}");
        Assert.Equal(
            "p.n1.00000000000000ff|insta.caching.tests.v1.ThingService/GetByAll|7e57.3|-5,t,6c1d2f0e7a384c8e9b1e0123456789ab,a%20b,~",
            Encoding.ASCII.GetString(key.Under(255)));
        Assert.Equal("p.wm|n1", Encoding.ASCII.GetString(KeyLayout.Watermark("p.", new NodeName("n1"))));
        Assert.Equal("p.r|k", Encoding.ASCII.GetString(KeyLayout.RefillRight("p.", "k"u8)));
        Assert.Equal("p.tr|k", Encoding.ASCII.GetString(KeyLayout.Trace("p.", "k"u8)));
        Assert.Equal("p.directory|ns|sessions/7", $"{KeyLayout.Namespace("p.", new NodeName("directory"), "sessions/7")}");
    }

    [Fact]
    public void AnUnknownEncoderIsRefused() => Assert.Throws<NotSupportedException>(() =>
        new ContractKeys("p.", new NodeName("n1"), TestNumbers.All, new AnnouncedContract { Method = "m", EncoderVersion = KeyEncoder.Version + 1 }));

    [Fact]
    public void AValueThatIsNoneOfItsTypeIsRefused() =>
        Assert.Throws<FormatException>(() => ContractKeysOf(new NodeName("n1")).Encode(["1.5", "t", "x", "x", null]));

    [Theory]
    [InlineData("with space.")]
    [InlineData("pipe|")]
    [InlineData("ünicode")]
    [InlineData("01234567890123456789012345678901234567890")]
    public void APrefixThatCannotStandInKeysIsRefused(string prefix) => Assert.Throws<ArgumentException>(() => KeyLayout.Checked(prefix));

    [Fact]
    public void AWatermarkReadsAsItWasWritten()
    {
        var watermark = new Watermark
        {
            Generation = ulong.MaxValue - 1,
            Lo = new ReplayPosition(new Timeline(3), new Lsn(0x16_B374_D848), 7),
            Hi = ReplayPosition.EndOf(new Timeline(3), new Lsn(0x16_B374_D900)),
            AsOf = new DateTime(2026, 11, 22, 8, 0, 0, DateTimeKind.Utc).AddTicks(1230),
            Owner = 12,
            Contracts = new ContractNumber(long.MaxValue, 9),
            Ring = 4,
            Offset = -1,
            System = ulong.MaxValue,
        };
        Assert.Equal(watermark, Watermark.TryRead(watermark.ToBytes()));
        Assert.Equal(Watermark.Bytes, watermark.ToBytes().Length);
        Assert.Null(Watermark.TryRead(watermark.ToBytes().AsSpan(1)));
        Assert.Null(Watermark.TryRead([]));
        var other = watermark.ToBytes();
        other[0]++;
        Assert.Null(Watermark.TryRead(other));
    }

    [Fact]
    public void AnEntrysHeaderReadsAsItWasWritten()
    {
        var header = new EntryHeader(
            42, new DateTime(2026, 11, 22, 8, 0, 0, DateTimeKind.Utc).AddTicks(1230), ReplayPosition.EndOf(new Timeline(3), new Lsn(5)), true);
        var bytes = new byte[EntryHeader.Bytes + 3];
        header.Write(bytes);
        Assert.True(EntryHeader.TryRead(bytes, out var read));
        Assert.Equal(header, read);
        bytes[0]++;
        Assert.False(EntryHeader.TryRead(bytes, out _));
        Assert.False(EntryHeader.TryRead(bytes.AsSpan(0, EntryHeader.Bytes - 1), out _));
    }

    private static ContractKeys ContractKeysOf(NodeName node)
    {
        var announced = new AnnouncedContract { Method = ByAll.FullName, EncoderVersion = KeyEncoder.Version };
        foreach (var (field, type) in ByAll.Policy.Cache!.Key.Zip(_types))
        {
            announced.Fields.Add(new Contracts.InvalidatorV1.KeyField { Name = field.Name, Type = type, HasPresence = field.HasPresence });
        }

        return new ContractKeys("p.", node, TestNumbers.All, announced);
    }

    private static string OfRow(params string?[] values) => $"{ContractKeysOf(new NodeName("n1")).Encode(values)}";

    private static string OfRequest(GetByAllRequest request)
    {
        var runtime = new CacheRuntime(null, new TestClock(), new CacheOptions { Prefix = "p.", TableEntries = 64, L1Bytes = 0 }, TimeProvider.System);
        var method = new MethodOnNode(new CachedMethod(ByAll), runtime.Node(new NodeName("n1")), new AnnouncedKey(TestNumbers.All, _types), 1);
        var writer = new KeyWriter(stackalloc byte[32]);
        try
        {
            method.WriteRing(ref writer, request, null);
            return Encoding.ASCII.GetString(writer.Written);
        }
        finally
        {
            writer.Dispose();
        }
    }
}

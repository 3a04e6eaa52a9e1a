using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.ChangeLog.Tests;

public sealed class ChangeLogTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>, IDisposable
{
    private static readonly NodeName _node = new("n1");
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(90));
    private readonly ConsumerProgress _progress = new(TimeProvider.System);
    private readonly Records _records = new();
    private readonly SharedServers _servers = fixture.Servers;
    private ChangeLogClient? _client;

    private ChangeLogClient Client => _client ??= new ChangeLogClient(
        new ChangeLogOptions { BootstrapServers = _servers.Kafka, Embedded = !_servers.Broker.IsApacheKafka,
            Prefix = _servers.NewPrefix("log") },
        _progress,
        NullLoggerFactory.Instance);

    public void Dispose() => _limit.Dispose();

    [Fact]
    public async Task RecordsComeInOrderAndAPositionGoesOnWhereItWas()
    {
        var written = await WriteAsync(
            [.. Enumerable.Range(2, 500).SelectMany(number => _records.Transaction((ulong)number * 100, rows: 1 + (number % 3)))]);

        var first = await ReadAsync(ChangeStart.Oldest, written.Count);
        var middle = first.Changes[written.Count / 2];
        var rest = await ReadAsync(ChangeStart.After(middle.End, middle.Offset, system: 7), written.Count - (written.Count / 2) - 1);

        Assert.Equal(written, first.Changes.Select(change => change.Change));
        Assert.Equal([GapReason.NoPosition], first.Gaps.Select(gap => gap.Reason));
        Assert.Equal(written.Skip((written.Count / 2) + 1), rest.Changes.Select(change => change.Change));
        Assert.Empty(rest.Gaps);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhenKafkaIsAwayTheErrorNamesItAndSaysWhatLibrdkafkaSays(bool embedded)
    {
        var nobody = $"127.0.0.1:{InstaGrpc.Embedded.LoopbackPort.Free()}";
        var client = new ChangeLogClient(
            new ChangeLogOptions { BootstrapServers = nobody, Embedded = embedded, AdminTimeout = TimeSpan.FromSeconds(2) },
            _progress,
            NullLoggerFactory.Instance);

        var error = await Assert.ThrowsAsync<ChangeLogException>(() => client.EnsureTopicAsync(_node, _limit.Token));

        Assert.Contains($"Kafka at {nobody}", error.Message, StringComparison.Ordinal);
        Assert.Contains("Connection refused", error.Message, StringComparison.Ordinal);
        // Else the same outage would be another reason at each attempt.
        Assert.DoesNotContain("(after ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(35)]
    [InlineData(1_000_000)]
    public async Task AWrongOffsetIsOnlyAHint(long hint)
    {
        var written = await WriteAsync([.. Enumerable.Range(2, 40).Select(number => _records.One((ulong)number * 100))]);

        var read = await ReadAsync(ChangeStart.After(written[29].EndPosition(), hint, system: 7), 10);

        Assert.Equal(written.Skip(30), read.Changes.Select(change => change.Change));
        Assert.Empty(read.Gaps);
    }

    [Fact]
    public async Task DoublesOfARestartedPublisherAreSkipped()
    {
        var written = await WriteAsync(
            [.. Enumerable.Range(2, 10).SelectMany(number => _records.Transaction((ulong)number * 100, rows: 2))]);
        await WriteAsync(written.Skip(7));
        var last = await WriteAsync([_records.One(5_000)]);

        var read = await ReadAsync(ChangeStart.Oldest, written.Count + 1);

        Assert.Equal(written.Concat(last), read.Changes.Select(change => change.Change));
        Assert.Equal([GapReason.NoPosition], read.Gaps.Select(gap => gap.Reason));
    }

    [Fact]
    public async Task AResetIsDeliveredAsAGapWithinTheStream()
    {
        var before = await WriteAsync([_records.One(200)]);
        await WriteAsync([_records.Reset(900)]);
        var after = await WriteAsync([_records.One(1000)]);

        var read = await ReadAsync(ChangeStart.After(ReplayPosition.EndOf(new Timeline(1), new Lsn(100))), 2);

        Assert.Equal([.. before, .. after], read.Changes.Select(change => change.Change));
        Assert.Equal((GapReason.Reset, ReplayPosition.EndOf(new Timeline(1), new Lsn(900))),
            (read.Gaps.Single().Reason, read.Gaps.Single().ResumeFrom));
    }

    [Fact]
    public async Task TheNewestRecordIsFoundAndAnEmptyTopicHasNone()
    {
        await Client.EnsureTopicAsync(_node, _limit.Token);
        Assert.Null(await Client.ReadNewestAsync(_node, _limit.Token));
        var written = await WriteAsync([_records.One(200), _records.One(300)]);

        Assert.Equal(written[1], (await Client.ReadNewestAsync(_node, _limit.Token))?.Change);
    }

    [Fact]
    public async Task AConsumerThatStartsWithTheNewestRecordGetsItAndWhatFollows()
    {
        var written = await WriteAsync([_records.One(200), _records.One(300)]);

        var read = await ReadAsync(ChangeStart.Newest, 1);

        Assert.Equal(written[1], read.Changes.Single().Change);
        Assert.Equal(written[0].EndPosition(), read.Gaps.Single().ResumeFrom);
    }

    [SkippableBroker(apache: false)]
    public async Task WhatTheEmbeddedBrokerTrimmedSilentlyIsAGap()
    {
        var first = (await WriteAsync([_records.One(200)]))[0];
        await using var consumer = Client.OpenConsumer(_node, "test", ChangeStart.After(first.EndPosition(), 0, system: 7));
        await using var batches = consumer.ReadAsync(_limit.Token).GetAsyncEnumerator(_limit.Token);

        // 12 MB of records where 5 are kept, while the consumer reads nothing.
        await WriteAsync([.. Enumerable.Range(3, 240).Select(number => _records.One((ulong)number * 100, padding: 50_000))]);

        Assert.True(await batches.MoveNextAsync());
        Assert.Equal(GapReason.Missing, batches.Current.Gap?.Reason);
        Assert.True(batches.Current.To > first.EndPosition());
        var reached = batches.Current.To;
        while (reached != _records.Last && await batches.MoveNextAsync())
        {
            Assert.Equal(reached, batches.Current.From);
            reached = batches.Current.To;
        }
    }

    [Fact]
    public async Task AcknowledgementsComeInOrderAndFlushWaitsForTheLast()
    {
        await Client.EnsureTopicAsync(_node, _limit.Token);
        await using var producer = Client.OpenProducer(_node);
        var acknowledged = new List<ReplayPosition>();
        producer.OnAcknowledged += acknowledged.Add;
        var written = Enumerable.Range(2, 1_000).Select(number => _records.One((ulong)number * 100)).ToList();
        foreach (var record in written)
        {
            await producer.ProduceAsync(record, _limit.Token);
        }

        await producer.FlushAsync(_limit.Token);

        Assert.Equal(written.Select(record => record.EndPosition()), acknowledged);
        Assert.Equal(_records.Last, producer.Acknowledged);
    }

    [Fact]
    public async Task TheSlowestConsumerOfTheProcessIsKnown()
    {
        var written = await WriteAsync([_records.One(200), _records.One(300)]);
        var topic = Client.TopicOf(_node);
        Assert.Null(_progress.Slowest(topic, TimeSpan.FromMinutes(1)));
        await using var consumer = Client.OpenConsumer(_node, "test", ChangeStart.After(written[0].EndPosition(), 0, system: 7));
        await using var batches = consumer.ReadAsync(_limit.Token).GetAsyncEnumerator(_limit.Token);

        Assert.True(await batches.MoveNextAsync());
        Assert.Equal(written[0].EndPosition(), _progress.Slowest(topic, TimeSpan.FromMinutes(1)));
        var waiting = _progress.WaitAsync(topic, written[1].EndPosition(), TimeSpan.FromMinutes(1), _limit.Token);
        Assert.False(waiting.IsCompleted);
        var next = batches.MoveNextAsync();

        await waiting;
        Assert.Equal(written[1].EndPosition(), _progress.Slowest(topic, TimeSpan.FromMinutes(1)));
        await WriteAsync([_records.One(400)]);
        Assert.True(await next);
    }

    [SkippableBroker(apache: true)]
    public async Task ATopicWithMorePartitionsIsRefusedOnARealKafka()
    {
        using var admin = new Confluent.Kafka.AdminClientBuilder(
            new Dictionary<string, string> { ["bootstrap.servers"] = _servers.Kafka }).Build();
        await admin.CreateTopicsAsync([new() { Name = Client.TopicOf(_node), NumPartitions = 3, ReplicationFactor = 1 }]);

        var refused = await Assert.ThrowsAsync<ChangeLogException>(() => Client.EnsureTopicAsync(_node, _limit.Token));

        Assert.Contains("3 partitions", refused.Message);
    }

    private async Task<IReadOnlyList<RowChange>> WriteAsync(IEnumerable<RowChange> records)
    {
        await Client.EnsureTopicAsync(_node, _limit.Token);
        await using var producer = Client.OpenProducer(_node);
        var written = records.ToList();
        foreach (var record in written)
        {
            await producer.ProduceAsync(record, _limit.Token);
        }

        await producer.FlushAsync(_limit.Token);
        return written;
    }

    private async Task<(List<LoggedChange> Changes, List<Gap> Gaps)> ReadAsync(ChangeStart start, int count)
    {
        var changes = new List<LoggedChange>();
        var gaps = new List<Gap>();
        await using var consumer = Client.OpenConsumer(_node, "test", start);
        await foreach (var batch in consumer.ReadAsync(_limit.Token))
        {
            changes.AddRange(batch.Changes);
            if (batch.Gap is { } gap)
            {
                gaps.Add(gap);
            }

            if (changes.Count >= count)
            {
                break;
            }
        }

        return (changes, gaps);
    }
}

using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Postgres;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Host.Tests;

/// <summary>A running mesh with somebody who follows his notifications, readers of a post who never pause, and calls that a test holds up.</summary>
internal sealed class BusyMesh : IAsyncDisposable
{
    private readonly GrpcChannel _channel;
    private readonly HttpClient _http;
    private readonly string _database;
    private readonly List<Task> _busy = [];
    private readonly CancellationTokenSource _over = new();
    private long _user;
    private long _post;

    private BusyMesh(string grpc, string web, string database)
    {
        _channel = GrpcChannel.ForAddress("http://" + grpc);
        _http = new HttpClient { BaseAddress = new Uri("http://" + web) };
        _database = database;
    }

    /// <summary>Returns when the stream is open and each reader has read.</summary>
    public static async Task<BusyMesh> BeginAsync(JsonDocument endpoints, int readers)
    {
        var root = endpoints.RootElement;
        var mesh = new BusyMesh(
            root.GetProperty("grpc").GetString()!, root.GetProperty("web").GetString()!, root.GetProperty("postgres")[0].GetString()!);
        var request = new CreateUserRequest { Name = "ada", DisplayName = "Ada", RequestId = "ada" };
        mesh._user = (await new GraphService.GraphServiceClient(mesh._channel).CreateUserAsync(request, mesh.As("admin"))).User.Id;
        mesh._post = (await mesh.Media.CreateMediaAsync(new CreateMediaRequest { Caption = "c", RequestId = "post" }, mesh.AsUser())).Media.Id;
        var stream = new AppService.AppServiceClient(mesh._channel).Notifications(new NotificationsRequest(), mesh.AsUser(null));
        await stream.ResponseHeadersAsync;
        mesh._busy.Add(mesh.FollowAsync(stream));
        var reading = Enumerable.Range(0, readers).Select(_ => new TaskCompletionSource()).ToArray();
        mesh._busy.AddRange(reading.Select(began => mesh.ReadAsync(began)));
        await Task.WhenAll(reading.Select(began => began.Task)).WaitAsync(Patience.Limit);
        return mesh;
    }

    public async Task<Lock> LockAsync(string table)
    {
        var connection = new NpgsqlConnection(PostgresAddress.Parse(_database).ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync();
        return new Lock(connection);
    }

    public async Task CommentAsync() =>
        await Media.AddCommentAsync(new AddCommentRequest { MediaId = _post, Text = "t", RequestId = "t" }, AsUser());

    /// <summary>Returns when the process says that it takes nothing new.</summary>
    public Task NotReadyAsync() => Patience.UntilAsync(
        async () =>
        {
            using var answer = await _http.GetAsync("/readyz");
            return (await answer.Content.ReadAsStringAsync()).Contains("is stopping", StringComparison.Ordinal);
        },
        "/readyz says that the process is stopping");

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_busy);
        _http.Dispose();
        _channel.Dispose();
        _over.Dispose();
    }

    private MediaService.MediaServiceClient Media => new(_channel);

    private async Task FollowAsync(AsyncServerStreamingCall<NotificationsResponse> stream)
    {
        using (stream)
        {
            try
            {
                while (await stream.ResponseStream.MoveNext(_over.Token))
                {
                }
            }
            catch (RpcException)
            {
                // It ends with the process.
            }
        }
    }

    private async Task ReadAsync(TaskCompletionSource began)
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                await Media.GetMediaAsync(new GetMediaRequest { MediaId = _post }, AsUser());
                began.TrySetResult();
            }
            catch (RpcException e)
            {
                // Whoever goes on calling a process that says that it stops is refused in the end.
                if (!began.TrySetException(e)) return;
            }
        }
    }

    private CallOptions AsUser() => AsUser(TimeSpan.FromSeconds(30));

    private CallOptions AsUser(TimeSpan? limit) => As(string.Create(CultureInfo.InvariantCulture, $"user:{_user}"), limit);

    private CallOptions As(string caller) => As(caller, TimeSpan.FromSeconds(30));

    private CallOptions As(string caller, TimeSpan? limit) =>
        new(new Metadata { { MetadataNames.Caller, caller } }, DateTime.UtcNow + limit, _over.Token);

    /// <summary>A transaction that others wait for.</summary>
    internal sealed class Lock(NpgsqlConnection connection) : IAsyncDisposable
    {
        public Task WaitedForAsync() => Patience.UntilAsync(
            async () =>
            {
                await using var command = new NpgsqlCommand(
                    "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))", connection);
                return await command.ExecuteScalarAsync() is > 0L;
            },
            "somebody waits for the lock");

        public async Task LetGoAsync()
        {
            await using var command = new NpgsqlCommand("COMMIT", connection);
            await command.ExecuteNonQueryAsync();
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}

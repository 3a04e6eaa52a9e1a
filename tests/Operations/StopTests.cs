using System.Diagnostics;
using System.Net;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Operations.Tests;

/// <summary>A pod's end: SIGTERM while calls run that last longer than most.</summary>
public sealed class StopTests
{
    // Longer than a stop that hurries would give, shorter than the 12 s that a call may last.
    private static readonly TimeSpan _long = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task ALongCallAndAnUploadThatRunAtSigtermAreAnswered()
    {
        await using var servers = await OwnServers.StartAsync();
        await using var mesh = await ServingMesh.StartAsync(servers);
        var user = await mesh.NewUserAsync();
        var post = await mesh.NewMediaAsync(user);
        var photo = Convert.FromBase64String(ImageTests.Point);
        var url = (await mesh.App.UploadUrlAsync(new UploadUrlRequest { Length = photo.Length }, ServingMesh.AsUser(user))).Url;
        using var http = new HttpClient { BaseAddress = mesh.Web };
        using var slow = new SlowPhoto(photo);
        var upload = http.PutAsync(url, slow);
        await slow.HalfSent.WaitAsync(Patience.Limit);
        await using var connection = new NpgsqlConnection(servers.Node + ";Pooling=false");
        await connection.OpenAsync();
        await ExecuteAsync(connection, "BEGIN; LOCK TABLE comments IN EXCLUSIVE MODE");
        var comment = mesh.Media.AddCommentAsync(
            new AddCommentRequest { MediaId = post, Text = "t", RequestId = "t" }, ServingMesh.AsUser(user)).ResponseAsync;
        await Patience.UntilAsync(
            async () => await servers.QueryAsync("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "0", "the call waits");

        var watch = Stopwatch.StartNew();
        await mesh.Process.SignalAsync("TERM");
        await Patience.UntilAsync(
            async () =>
            {
                using var ready = await http.GetAsync("/readyz");
                return (await ready.Content.ReadAsStringAsync()).Contains("is stopping", StringComparison.Ordinal);
            },
            "the process says that it stops");
        slow.SendTheRest();
        // As long as a database may take that is busy with something else.
        await ExecuteAsync(connection, FormattableString.Invariant($"SELECT pg_sleep({_long.TotalSeconds}); COMMIT"));

        Assert.NotEqual(0, (await comment).Comment.Id);
        using var answer = await upload;
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(0, await mesh.Process.ExitAsync());
        Assert.InRange(watch.Elapsed, _long, TimeSpan.FromSeconds(25));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Bytes that come in two halves, the second when the test says.</summary>
    private sealed class SlowPhoto(byte[] photo) : HttpContent
    {
        private readonly TaskCompletionSource _half = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task HalfSent => _half.Task;

        public void SendTheRest() => _rest.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(photo.AsMemory(0, photo.Length / 2));
            await stream.FlushAsync();
            _half.SetResult();
            await _rest.Task;
            await stream.WriteAsync(photo.AsMemory(photo.Length / 2));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = photo.Length;
            return true;
        }
    }
}

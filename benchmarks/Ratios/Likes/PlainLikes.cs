using System.Globalization;
using System.Net;
using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Ratios.Likes;

/// <summary>The baseline: Grpc.AspNetCore.Server as it comes, with a Like that inserts the row and updates the count in one transaction. It is
/// one statement, prepared and committed by itself, so that it makes one round trip and holds the row of the count no longer than it must.
/// Its own process: this executable, started with <see cref="Argument"/>.</summary>
internal static class PlainLikes
{
    public const string Argument = "plain-likes";

    // A like that was there before is not counted.
    private const string Like = """
        WITH liked AS (
            INSERT INTO likes (media_id, user_id) SELECT id, $2 FROM media WHERE id = $1 AND NOT deleted ON CONFLICT DO NOTHING RETURNING media_id)
        UPDATE media_counts c SET likes = c.likes + 1 FROM liked WHERE c.media_id = liked.media_id
        """;

    /// <summary>Starts it as another process, on the core of the server under test.</summary>
    public static async Task<(InstaProcess Process, Uri Grpc)> StartAsync(string database)
    {
        var command = Machine.OnServerCore(Path.Combine(AppContext.BaseDirectory, "InstaGrpc.Ratios"), Argument, database);
        var process = InstaProcess.StartProgram(command[0], null, command[1..]);
        return (process, new Uri((await process.LineAsync("serving ").ConfigureAwait(false)).Split(' ')[1]));
    }

    /// <summary>Is it, until the process gets SIGTERM.</summary>
    public static async Task<int> RunAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database)
        {
            MaxPoolSize = LikesBenchmark.Likers, MaxAutoPrepare = 1, AutoPrepareMinUsages = 1, Multiplexing = false,
        });
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(
            static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(new Service(source));
        await using var app = builder.Build();
        app.MapGrpcService<Service>();
        await app.StartAsync().ConfigureAwait(false);
        Console.WriteLine($"serving {string.Join(' ', app.Urls)}");
        await app.WaitForShutdownAsync().ConfigureAwait(false);
        return 0;
    }

    internal sealed class Service(NpgsqlDataSource source) : MediaService.MediaServiceBase
    {
        private readonly LikeResponse _answer = new();

        public override async Task<LikeResponse> Like(LikeRequest request, ServerCallContext context)
        {
            var caller = context.RequestHeaders.GetValue(MetadataNames.Caller)!;
            await using var command = source.CreateCommand(PlainLikes.Like);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = request.MediaId });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = long.Parse(caller.AsSpan("user:".Length), CultureInfo.InvariantCulture) });
            await command.ExecuteNonQueryAsync(context.CancellationToken).ConfigureAwait(false);
            return _answer;
        }
    }
}

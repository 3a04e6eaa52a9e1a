using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.AppV1;

namespace InstaGrpc.Gateway.Tests;

/// <summary>What callers are told when the gateway has all the calls that it can work on.</summary>
public sealed class OverloadTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    // One call more than the limit is part of its experiments, and one beyond that is kept for CRITICAL calls. No window ends within the test.
    private static readonly (string, string)[] _narrow =
    [
        ("Insta:Shedding:Initial", "1"), ("Insta:Shedding:Least", "1"), ("Insta:Shedding:Most", "1"), ("Insta:Shedding:Window", "01:00:00"),
    ];

    [Fact]
    public async Task WhatIsTooMuchIsRefusedByThePoliciesPrioritiesAndTakenWhenThereIsRoom()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, _narrow);
        var session = await mesh.SignUpAsync();
        var app = mesh.AppAs(session);
        using var notifications = app.Notifications(new NotificationsRequest());
        var database = await mesh.DatabaseOfAsync(session.User.Id);
        await using var locking = await database.OpenAsync();
        await using var held = await locking.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("LOCK TABLE media IN ACCESS EXCLUSIVE MODE", locking, held))
        {
            await command.ExecuteNonQueryAsync();
        }

        // The stream is open, and does not count: there is room for two that write.
        var first = PostAsync("1");
        await HeldAsync(1);
        await RefusedAsync(() => app.SearchAsync(new SearchRequest { Prefix = "a" }).ResponseAsync);
        var second = PostAsync("2");
        await HeldAsync(2);
        await RefusedAsync(() => app.PostAsync(new PostRequest { Caption = "c", RequestId = "3" }).ResponseAsync);
        await mesh.App.SignInAsync(new SignInRequest { Name = session.User.Name, Password = GatewayMesh.Password });
        await RefusedAsWebAsync();

        await held.RollbackAsync();
        await Task.WhenAll(first, second);
        await app.SearchAsync(new SearchRequest { Prefix = "a" });
        await PostAsync("3");

        Task PostAsync(string id) => app.PostAsync(new PostRequest { Caption = "c", RequestId = id }).ResponseAsync;

        Task HeldAsync(int calls) => TestFixtures.Patience.UntilAsync(
            async () => await database.QueryAsync<long>(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == calls,
            $"{calls} calls wait for the table");

        async Task RefusedAsWebAsync()
        {
            using var answer = await mesh.PostAsync("insta.app.v1.AppService/Home", new HomeRequest(), session: session);
            Assert.Equal("8", (await WebFrames.StatusAsync(answer)).Status);
        }
    }

    private static async Task RefusedAsync<T>(Func<Task<T>> call)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(call);

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        Assert.InRange(int.Parse(refusal.Trailers.GetValue(MetadataNames.RetryPushback)!, CultureInfo.InvariantCulture), 1, 3000);
    }
}

using InstaGrpc.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InstaGrpc.Host.Tests;

public sealed class RoleHostTests
{
    [Fact]
    public async Task AProcessOfWhichAPartHasFailedSaysSoInsteadOfLivingOnUnready()
    {
        var faulty = new Role("faulty", "", "fails", Needs.Nothing, static (services, _) => services.AddHostedService<Failing>());
        await using var host = RoleHost.Build([faulty], [new("Insta:Grpc:Listen", "127.0.0.1:0"), new("Insta:Web:Listen", "127.0.0.1:0")]);
        await host.StartAsync(CancellationToken.None);

        await host.Failed.WaitAsync(TimeSpan.FromSeconds(30));
        await host.StopAsync();
    }

    [Theory]
    [InlineData(null, "Production")]
    [InlineData("Development", "Development")]
    public async Task TheEnvironmentIsProductionUnlessAVariableNamesAnother(string? named, string environment)
    {
        const string variable = "DOTNET_ENVIRONMENT";
        var before = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, named);
        try
        {
            await using var host = RoleHost.Build([], []);
            Assert.Equal(environment, host.Services.GetRequiredService<IHostEnvironment>().EnvironmentName);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, before);
        }
    }

    private sealed class Failing : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Yield();
            throw new InvalidOperationException("as planned");
        }
    }
}

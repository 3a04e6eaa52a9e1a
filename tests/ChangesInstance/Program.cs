// Arguments: settings as key=value. Runs the role until its standard input ends, so that it does not outlive the test.
using InstaGrpc.Services.Changes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
builder.Configuration.AddInMemoryCollection(
    args.Select(argument => argument.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1])));
builder.Services.AddChanges(builder.Configuration);
using var host = builder.Build();
await host.StartAsync();
while (Console.In.Read() >= 0)
{
}

await host.StopAsync();

using System.Diagnostics;
using System.Globalization;
using System.Net;
using InstaGrpc.Contracts;
using InstaGrpc.Embedded;
using InstaGrpc.Host.Configuration;
using InstaGrpc.Host.Lifecycle;
using InstaGrpc.Host.Logging;
using InstaGrpc.Memcached;
using InstaGrpc.Mesh;
using InstaGrpc.Mesh.Ops;
using InstaGrpc.Postgres;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Npgsql;

namespace InstaGrpc.Host;

/// <summary>A process that plays roles: gRPC without TLS (h2c) on one address, web (HTTP/1.1, and with a certificate HTTP/2 too) on another.</summary>
internal sealed class RoleHost : IAsyncDisposable
{
    public const int DefaultGrpcPort = 7070;
    public const int DefaultWebPort = 8080;

    private static readonly TimeSpan _readyLimit = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly ListenerCertificate _certificate;
    private readonly OrderlyStop _stop;
    private bool _started;
    private bool _listens;
    private Task? _stopped;

    private RoleHost(WebApplication app, IReadOnlyList<Role> roles, ListenerCertificate certificate, OrderlyStop stop)
    {
        (_app, _certificate, _stop) = (app, certificate, stop);
        Roles = roles;
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Lifetime.ApplicationStopping.Register(stopping.SetResult);
        Failed = stopping.Task;
    }

    public IReadOnlyList<Role> Roles { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Where gRPC is served, once started; the kernel's choice when port 0 was asked for.</summary>
    public IPEndPoint Grpc { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Where the web is served, once started.</summary>
    public IPEndPoint Web { get; private set; } = new(IPAddress.Loopback, 0);

    /// <param name="roles">Rows of <see cref="RoleTable"/>.</param>
    /// <param name="flags">Settings of the command line: full keys and values.</param>
    /// <exception cref="UsageException">The configuration can't be used.</exception>
    public static RoleHost Build(IReadOnlyList<Role> roles, IEnumerable<KeyValuePair<string, string?>> flags) =>
        ConfigurationFault.Explain(() => BuildUnexplained(roles, flags));

    private static RoleHost BuildUnexplained(IReadOnlyList<Role> roles, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = "insta", ContentRootPath = AppContext.BaseDirectory,
            // Production where it says nothing. In others, reads that a contract does not declare are errors.
            EnvironmentName = Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT"),
        });
        InstaConfiguration.Fill(builder.Configuration, flags);
        builder.Logging.AddInstaConsole(builder.Configuration);
        builder.Services.AddRouting();
        builder.Services.AddSingleton<IHostLifetime, SignalsAreOurs>();

        var process = ProcessOptions.Of(builder.Configuration);
        if (process.StopLimit <= TimeSpan.Zero) throw new UsageException($"Insta:StopLimit is {process.StopLimit}: write a time, for example 00:00:25");
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = process.StopLimit);
        builder.Services.AddSingleton(process);
        var (grpc, web) = Listeners(process);
        var named = builder.Configuration.GetSection(CertificateOptions.Section).Get<CertificateOptions>() ?? new CertificateOptions();
        builder.Services.AddSingleton(named);
        var certificate = new ListenerCertificate(named, TimeProvider.System);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(grpc, listen => listen.Protocols = HttpProtocols.Http2);
            // Without TLS nobody can say beforehand which version he speaks.
            kestrel.Listen(web, listen =>
            {
                listen.Protocols = certificate.IsNamed ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
                if (certificate.IsNamed) listen.UseHttps(certificate.Handshake);
            });
            if (process.Ops.Listen.Length > 0)
            {
                kestrel.Listen(ListenAddress.Parse("Insta:Ops:Listen", process.Ops.Listen, 0), listen => listen.Protocols = HttpProtocols.Http1);
            }
        });

        builder.Services.Configure<MeshOptions>(mesh => mesh.Mesh.ExternalPorts.Add(web.Port));
        builder.Services.AddSingleton(new ProcessRoles([.. roles.Select(role => role.Name)]));
        builder.Services.AddInstaMesh(builder.Configuration);
        foreach (var role in roles) role.Add(builder.Services, builder.Configuration);
        RefuseWithoutServers(roles, builder.Configuration);
        MethodNames.RefuseUnknown(builder.Configuration);
        var app = builder.Build();
        var calls = new CallsUnderWay();
        app.Use(calls.Count);
        // Every gRPC service that a role added, health, reflection and metrics.
        app.MapInstaMesh();
        foreach (var role in roles) role.Map?.Invoke(app);
        return new RoleHost(app, roles, certificate, new OrderlyStop(app, calls, process.StopLimit));
    }

    /// <summary>Brings the databases to the schema of this build.</summary>
    /// <exception cref="UsageException">A database can't be reached or its migrations are another build's.</exception>
    public async Task MigrateAsync(CancellationToken ct)
    {
        try
        {
            await Services.GetRequiredService<Migrator>().MigrateAsync(Services.GetRequiredService<NodePool>(), ct);
        }
        catch (Exception e) when (
            e is NodeUnavailableException or InvalidOperationException or OptionsValidationException or PostgresException)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <exception cref="UsageException">A port is taken; the message says by whom.</exception>
    public async Task StartAsync(CancellationToken ct)
    {
        await RefuseServersWithoutMetaCommandsAsync(ct);
        _started = true;
        if (_certificate.IsNamed) _certificate.Read();
        try
        {
            // Before any part is made: whichever is made first would tell of its own section alone.
            Services.GetService<IStartupValidator>()?.Validate();
            await _app.StartAsync(ct);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested && _app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // A part has failed before the others were up; said as it is when it fails later.
            return;
        }
        catch (OptionsValidationException e)
        {
            throw new UsageException(ConfigurationFault.Describe(e));
        }
        catch (AggregateException e) when (e.InnerExceptions.All(static inner => inner is OptionsValidationException))
        {
            throw new UsageException(string.Join(' ', e.InnerExceptions.Select(ConfigurationFault.Describe)));
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            var (grpc, web) = Listeners(Services.GetRequiredService<ProcessOptions>());
            ThrowIfTaken(grpc.Port, "gRPC", "--grpc-port");
            ThrowIfTaken(web.Port, "web", "--web-port");
            throw new UsageException(e.Message);
        }
        // In the order in which they were given to Kestrel.
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => new Uri(address)).Select(uri => IPEndPoint.Parse($"{uri.Host}:{uri.Port}")).ToArray();
        (Grpc, Web) = (addresses[0], addresses[1]);
        _listens = true;
    }

    /// <summary>Returns when the process says that it is ready.</summary>
    /// <exception cref="UsageException">It does not get ready; the message is what it lacks.</exception>
    /// <exception cref="InvalidOperationException">A part of it has failed.</exception>
    public async Task ReadyAsync(CancellationToken ct)
    {
        // A certificate is for the name that the outside uses, not for this address.
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = static (_, _, _, _) => true };
        using var client = new HttpClient(handler) { BaseAddress = new Uri($"{(_certificate.IsNamed ? "https" : "http")}://{Web}") };
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (_app.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                throw new InvalidOperationException("a part of the roles has failed (the log says which)");
            }

            using var answer = await client.GetAsync("/readyz", ct);
            if (answer.IsSuccessStatusCode) return;
            if (watch.Elapsed > _readyLimit)
            {
                var lacks = (await answer.Content.ReadAsStringAsync(ct)).Trim().ReplaceLineEndings("; ");
                throw new UsageException($"the roles are not ready after {_readyLimit.TotalSeconds:0} s: {lacks}");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
        }
    }

    /// <summary>Done when the process is to end without having been told to: a part of it has failed, which its log says.</summary>
    public Task Failed { get; }

    /// <summary>Finishes what runs, within <see cref="ProcessOptions.StopLimit"/>.</summary>
    public Task StopAsync() => _stopped ??= _listens ? _stop.RunAsync() : _app.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        // Also where a start was broken off: what runs already must not outlive the servers that it uses.
        if (_started) await StopAsync();
        await _app.DisposeAsync();
    }

    private static (IPEndPoint Grpc, IPEndPoint Web) Listeners(ProcessOptions process) =>
        (ListenAddress.Parse("Insta:Grpc:Listen", process.Grpc.Listen, DefaultGrpcPort),
            ListenAddress.Parse("Insta:Web:Listen", process.Web.Listen, DefaultWebPort));

    /// <summary>Servers that are away are waited for; one that nobody has named never comes.</summary>
    private static void RefuseWithoutServers(IReadOnlyList<Role> roles, IConfiguration configuration)
    {
        foreach (var role in roles)
        {
            Refuse(role, Needs.Postgres, "Insta:Postgres:Directory");
            Refuse(role, Needs.Memcached, "Insta:Memcached:Servers");
            Refuse(role, Needs.Kafka, "Insta:Kafka:BootstrapServers");
        }

        void Refuse(Role role, Needs needs, string key)
        {
            var section = configuration.GetSection(key);
            if (role.Needs.HasFlag(needs) && string.IsNullOrWhiteSpace(section.Value) && !section.GetChildren().Any())
            {
                throw new UsageException(
                    $"the role {role.Name} needs {needs}: set {key} (the variable {key.ToUpperInvariant().Replace(":", "__", StringComparison.Ordinal)})");
            }
        }
    }

    /// <summary>
    /// A memcached that is away is waited for by the mesh, uncached. One that is there and cannot do what leases need never will.
    /// </summary>
    private async Task RefuseServersWithoutMetaCommandsAsync(CancellationToken ct)
    {
        if (Services.GetService<MemcachedPool>() is not { } pool) return;
        try
        {
            await pool.ConnectAsync(ct);
        }
        catch (MetaCommandsUnsupportedException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>Says who holds a port that we need, before anything is started for nothing.</summary>
    public static void ThrowIfTaken(int port, string purpose, string flag)
    {
        if (port == 0 || LoopbackPort.IsFree(port)) return;
        var owner = LoopbackPort.OwnerOf(port)?.ToString() ?? "another process";
        throw new UsageException(string.Create(
            CultureInfo.InvariantCulture, $"port {port} for {purpose} is taken by {owner}: stop it, or choose another with {flag}"));
    }
}

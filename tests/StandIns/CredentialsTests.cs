using Grpc.Core;
using Grpc.Net.Client;

namespace InstaGrpc.StandIns.Tests;

public class CredentialsTests
{
    private static readonly GrpcChannelOptions CredentialsWithoutTls = new()
    {
        Credentials = ChannelCredentials.Insecure,
        UnsafeUseInsecureChannelCallCredentials = true,
    };

    [Fact]
    public async Task CallCredentialsAddTheirHeadersAndKnowTheCall()
    {
        await using var server = await ProbeServer.StartAsync();
        EchoHeaders(server);
        AuthInterceptorContext? asked = null;
        var credentials = CallCredentials.FromInterceptor((context, headers) =>
        {
            asked = context;
            headers.Add("authorization", "Bearer one");
            return Task.CompletedTask;
        });

        var answer = await new Probe.ProbeClient(server.NewChannel(CredentialsWithoutTls))
            .UnaryAsync(new Ask(), new CallOptions(credentials: credentials));

        Assert.Equal("Bearer one/", answer.Text);
        Assert.Equal("Unary", asked?.MethodName);
        Assert.Equal(new Uri(server.Address, "insta.standins.tests.Probe").ToString(), asked?.ServiceUrl);
    }

    [Fact]
    public async Task ComposedCallCredentialsAllAddTheirHeaders()
    {
        await using var server = await ProbeServer.StartAsync();
        EchoHeaders(server);
        var credentials = CallCredentials.Compose(Adding("authorization", "Bearer two"), Adding("device", "phone"));

        var answer = await new Probe.ProbeClient(server.NewChannel(CredentialsWithoutTls))
            .UnaryAsync(new Ask(), new CallOptions(credentials: credentials));

        Assert.Equal("Bearer two/phone", answer.Text);
    }

    [Fact]
    public async Task TheChannelsCredentialsGoWithEveryCallBesideTheCallsOwn()
    {
        await using var server = await ProbeServer.StartAsync();
        EchoHeaders(server);
        var client = new Probe.ProbeClient(server.NewChannel(new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, Adding("authorization", "Bearer three")),
            UnsafeUseInsecureChannelCallCredentials = true,
        }));

        var answer = await client.UnaryAsync(new Ask(), new CallOptions().WithCredentials(Adding("device", "tablet")));
        var plain = await client.UnaryAsync(new Ask());

        Assert.Equal("Bearer three/tablet", answer.Text);
        Assert.Equal("Bearer three/", plain.Text);
    }

    [Fact]
    public async Task CallCredentialsDoNotLeaveOverAnInsecureChannelUnasked()
    {
        await using var server = await ProbeServer.StartAsync();
        EchoHeaders(server);

        var credentials = Adding("authorization", "Bearer four");
        var answer = await server.NewClient().UnaryAsync(new Ask(), new CallOptions(credentials: credentials));

        Assert.Equal("/", answer.Text);
        Assert.ThrowsAny<Exception>(() => server.NewChannel(new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, Adding("authorization", "Bearer five")),
        }));
    }

    [Fact]
    public async Task ACredentialThatFailsFailsTheCall()
    {
        await using var server = await ProbeServer.StartAsync();
        var credentials = CallCredentials.FromInterceptor((_, _) => throw new InvalidOperationException("no key"));

        var failure = await Assert.ThrowsAsync<RpcException>(() => new Probe.ProbeClient(server.NewChannel(CredentialsWithoutTls))
            .UnaryAsync(new Ask(), new CallOptions(credentials: credentials)).ResponseAsync);

        Assert.IsType<InvalidOperationException>(failure.Status.DebugException);
    }

    [Fact]
    public void ATransportLearnsWhatCredentialsAreFromTheConfigurator()
    {
        var configurator = new Journal();
        var call = Adding("a", "b");

        ChannelCredentials.Insecure.InternalPopulateConfiguration(configurator, "1");
        ChannelCredentials.SecureSsl.InternalPopulateConfiguration(configurator, "2");
        new SslCredentials("roots", new KeyCertificatePair("chain", "key")).InternalPopulateConfiguration(configurator, "3");
        ChannelCredentials.Create(ChannelCredentials.SecureSsl, call).InternalPopulateConfiguration(configurator, "4");

        Assert.Equal(["1 insecure", "2 ssl  ", "3 ssl roots chain", "4 composite SslCredentials"], configurator.Lines);
    }

    [Fact]
    public void FewerThanTwoCredentialsAreNoComposition()
    {
        Assert.Throws<ArgumentException>(() => CallCredentials.Compose(Adding("a", "b")));
        Assert.Throws<ArgumentException>(() => CallCredentials.Compose());
        Assert.Throws<ArgumentNullException>(() => CallCredentials.FromInterceptor(null!));
        Assert.Throws<ArgumentNullException>(() => ChannelCredentials.Create(ChannelCredentials.SecureSsl, null!));
    }

    private static CallCredentials Adding(string key, string value) => CallCredentials.FromInterceptor((_, headers) =>
    {
        headers.Add(key, value);
        return Task.CompletedTask;
    });

    private static void EchoHeaders(ProbeServer server) => server.Handlers.Unary = (_, context) => Task.FromResult(new Answer
    {
        Text = $"{context.RequestHeaders.GetValue("authorization")}/{context.RequestHeaders.GetValue("device")}",
    });

    private sealed class Journal : ChannelCredentialsConfiguratorBase
    {
        public List<string> Lines { get; } = [];

        public override void SetInsecureCredentials(object state) => Lines.Add($"{state} insecure");

        public override void SetSslCredentials(
            object state, string? rootCertificates, KeyCertificatePair? keyCertificatePair, VerifyPeerCallback? verifyPeerCallback) =>
            Lines.Add($"{state} ssl {rootCertificates} {keyCertificatePair?.CertificateChain}");

        public override void SetCompositeCredentials(object state, ChannelCredentials channelCredentials, CallCredentials callCredentials) =>
            Lines.Add($"{state} composite {channelCredentials.GetType().Name}");
    }
}

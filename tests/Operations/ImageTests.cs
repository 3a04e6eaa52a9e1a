using System.Diagnostics;
using System.Text.RegularExpressions;
using Google.Protobuf;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>What the Dockerfile's first stage makes, in a folder laid out as the image, run as a pod of the chart runs it: its user, its variables, the chart's
/// commands.</summary>
public sealed partial class ImageTests
{
    /// <summary>A PNG of one point.</summary>
    internal const string Point = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private static readonly string _dockerfile = File.ReadAllText(Path.Combine(Checkout.Root, "Dockerfile"));
    private static readonly string _user = User().Match(_dockerfile).Groups["user"].Value;

    [Fact]
    public void TheImageHasBothNativeLibrariesAndTheChartsUser()
    {
        var last = _dockerfile[_dockerfile.LastIndexOf("\nFROM ", StringComparison.Ordinal)..];
        Assert.Contains("librdkafka1", last);
        Assert.Contains("libvips42", last);
        Assert.Contains($"runAsUser: {_user}\n", Template("_helpers.tpl"));
    }

    [ProgramFact("npm", "setpriv")]
    public async Task WhatItHoldsMigratesServesAndDecodesPhotosWithoutAnyRights()
    {
        Assert.Contains("\nRUN ./insta publish /image\n", _dockerfile);
        Assert.Contains("\nCOPY --from=build /image/ /\n", _dockerfile);
        await using var servers = await OwnServers.StartAsync();
        var image = Path.Combine(servers.Folder, "image");
        await using (var publish = InstaProcess.StartProgram(Path.Combine(Checkout.Root, "insta"), null, "publish", image))
        {
            var code = await publish.ExitAsync(TimeSpan.FromMinutes(8));
            Assert.True(code == 0, string.Join('\n', publish.Output));
        }

        // A volume of the pod's.
        var blobs = Path.Combine(servers.Folder, "blobs");
        servers.Variables["INSTA__PHOTOS__FOLDER"] = blobs;
        using (var make = Process.Start("install", IsRoot ? ["-d", "-o", _user, blobs] : ["-d", blobs]))
        {
            await make.WaitForExitAsync();
        }

        var insta = Program(image);
        // The hook Job's command, twice: an upgrade without migrations finds nothing to do.
        for (var i = 0; i < 2; i++)
        {
            var (code, output) = await insta.RunAsync(servers.Variables, Arguments("migrate.yaml"));
            Assert.True(code == 0, output);
        }

        Assert.Equal(["serve", "--roles"], Arguments("_helpers.tpl"));
        await using var mesh = await ServingMesh.ServeAsync(servers, insta);
        Assert.Contains(IsRoot ? $"Uid:\t{_user}\t" : "Uid:\t", await File.ReadAllTextAsync($"/proc/{mesh.Process.Id}/status"));
        var session = (await mesh.App.SignUpAsync(new SignUpRequest
        {
            Name = "ada", DisplayName = "Ada", Password = "long enough", RequestId = "ada",
        })).Session;
        using var upload = mesh.Media.Upload(ServingMesh.AsUser(session.User.Id));
        await upload.RequestStream.WriteAsync(new UploadRequest { Chunk = ByteString.FromBase64(Point) });
        await upload.RequestStream.CompleteAsync();
        Assert.NotEmpty((await upload).BlobId);
        using var client = new HttpClient { BaseAddress = mesh.Web };
        Assert.Contains("<!doctype html>", await client.GetStringAsync("/"), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await mesh.StopAsync());
    }

    private static bool IsRoot => Environment.UserName == "root";

    /// <summary>The entry point with the image's variables; as its user, where this one may become it.</summary>
    private static InstaProgram Program(string image)
    {
        var entry = image + EntryPoint().Match(_dockerfile).Groups["file"].Value;
        var variables = Variables().Match(_dockerfile).Groups["all"].Value.Split(' ').Select(static pair => pair.Split('='))
            .ToDictionary(static pair => pair[0], pair => pair[1].StartsWith('/') ? image + pair[1] : pair[1], StringComparer.Ordinal);
        variables["DOTNET_ROOT"] = image + "/usr/share/dotnet";
        variables["HOME"] = "/";
        return IsRoot
            ? new InstaProgram("setpriv", ["--reuid", _user, "--regid", _user, "--clear-groups", "--no-new-privs", entry], variables)
            : new InstaProgram(entry, [], variables);
    }

    private static string Template(string name) => File.ReadAllText(Path.Combine(Checkout.Root, "helm", "insta", "templates", name));

    /// <summary>The literal ones of a template's container.</summary>
    private static string[] Arguments(string template) =>
        [.. Literal().Matches(ContainerArguments().Match(Template(template)).Groups["all"].Value).Select(static one => one.Groups["one"].Value)];

    [GeneratedRegex(@"^USER (?<user>\d+):", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex User();

    [GeneratedRegex(@"^ENTRYPOINT \[""(?<file>[^""]+)""\]", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex EntryPoint();

    [GeneratedRegex(@"^ENV (?<all>INSTA_.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Variables();

    [GeneratedRegex(@"^ *args: \[(?<all>.*)\]$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex ContainerArguments();

    [GeneratedRegex(@"""(?<one>[a-z-]+)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Literal();
}

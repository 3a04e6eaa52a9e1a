using InstaGrpc.TestFixtures;

namespace InstaGrpc.Host.Tests;

public sealed class ConfigTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EachValueComesWithItsSourceAndSecretsAreMasked()
    {
        var secret = Path.Combine(_folder.Path, "sasl");
        await File.WriteAllTextAsync(secret, "geheim1\n");
        var file = Path.Combine(_folder.Path, "insta.json");
        await File.WriteAllTextAsync(file, """{ "Insta": { "Cache": { "MaxLag": "00:00:09" }, "Region": "from-file" } }""");

        var (code, output) = await InstaProcess.RunAsync(
            new Dictionary<string, string>
            {
                ["INSTA_CONFIG"] = file,
                ["INSTA__REGION"] = "from-variable",
                ["INSTA__POSTGRES__DIRECTORY"] = "postgres://insta:geheim2@db:5432/insta",
                ["INSTA__POSTGRES__NODES__n1__PRIMARY"] = "Host=db;Password=geheim3;Database=x",
                ["INSTA__KAFKA__CLIENT__sasl.password_FILE"] = secret,
            },
            "config");

        Assert.Equal(0, code);
        Assert.DoesNotContain("geheim", output);
        Assert.Matches(@"(?im)^Insta:Cache:MaxLag +00:00:09 +insta\.json$", output);
        Assert.Matches(@"(?im)^Insta:Region +from-variable +variable INSTA__REGION$", output);
        Assert.Matches(@"(?im)^Insta:Postgres:Directory +postgres://insta:\*\*\*\*@db:5432/insta +variable ", output);
        Assert.Matches(@"(?im)^Insta:Postgres:Nodes:n1:Primary +Host=db;Password=\*\*\*\*;Database=x +variable ", output);
        Assert.Matches($@"(?im)^Insta:Kafka:Client:sasl\.password +\*\*\*\* +file {secret}$", output);
        Assert.Matches(@"(?im)^Insta:Log:LogLevel:Default +Information +appsettings\.json$", output);
    }

    [Theory]
    [InlineData("INSTA__POSTGRES__DIRECTORY_FILE", "/nowhere/secret")]
    [InlineData("INSTA_CONFIG", "/nowhere/insta.json")]
    public async Task AFileThatIsNotThereIsOneLine(string variable, string path)
    {
        var (code, output) = await InstaProcess.RunAsync(new Dictionary<string, string> { [variable] = path }, "config");

        Assert.Equal(2, code);
        Assert.DoesNotContain('\n', output);
        Assert.Contains(variable, output);
        Assert.Contains(path, output);
    }

    [Theory]
    [InlineData("up", "--grpc-port", "70700")]
    [InlineData("up", "--nodes", "0")]
    [InlineData("serve", "--roles", "nobody")]
    [InlineData("serve", "--roles", ",")]
    [InlineData("frobnicate", "", "")]
    public async Task BadArgumentsEndWithCode2(string command, string flag, string value)
    {
        string[] arguments = flag.Length == 0 ? [command] : [command, flag, value];

        var (code, output) = await InstaProcess.RunAsync(arguments);

        Assert.Equal(2, code);
        Assert.Contains(flag.Length == 0 ? command : value.Trim(','), output);
    }

    [Theory]
    [InlineData("the role leasecache needs Memcached: set Insta:Memcached:Servers", "serve --roles all", "")]
    [InlineData("Insta:Invalidator:LoInterval", "serve --roles all",
        "INSTA__INVALIDATOR__LOINTERVAL=zz;INSTA__MEMCACHED__SERVERS=127.0.0.1:1;INSTA__KAFKA__BOOTSTRAPSERVERS=127.0.0.1:1")]
    [InlineData("a b", "serve --roles all", "INSTA__PREFIX=a b;INSTA__MEMCACHED__SERVERS=127.0.0.1:1;INSTA__KAFKA__BOOTSTRAPSERVERS=127.0.0.1:1")]
    [InlineData("names no method", "serve --roles id", "INSTA__METHODS__insta.media.v1.MediaService/GetMedium__CACHE__MODE=off")]
    [InlineData("names no method", "contracts --effective", "INSTA__METHODS__insta.media.v1.MediaService/GetMedium__CACHE__MODE=off")]
    [InlineData("/dev/null/data", "up --data /dev/null/data", "")]
    [InlineData("a port each", "up --grpc-port 7171 --web-port 7171 --data /tmp/insta-same-ports", "")]
    [InlineData("give a whole number", "token --user x", "")]
    [InlineData("no memcached is named", "cache flush --node all", "")]
    public async Task WhatCannotBeUsedIsNamedInALineAndNoStack(string expected, string command, string variables)
    {
        var all = new Dictionary<string, string>
        {
            ["INSTA__POSTGRES__DIRECTORY"] = "postgres://nobody@127.0.0.1:1/x",
            ["INSTA__POSTGRES__NODES__n1__PRIMARY"] = "postgres://nobody@127.0.0.1:1/x",
        };
        foreach (var pair in variables.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            all[pair[..pair.IndexOf('=')]] = pair[(pair.IndexOf('=') + 1)..];
        }

        var (code, output) = await InstaProcess.RunAsync(all, command.Split(' '));

        Assert.Equal(2, code);
        Assert.Contains(expected, output);
        Assert.DoesNotContain("   at ", output);
        Assert.All(output.Split('\n'), line => Assert.StartsWith("insta: ", line));
    }

    [Fact]
    public async Task AFileThatIsNoJsonIsNamedWithTheLine()
    {
        var file = Path.Combine(_folder.Path, "broken.json");
        await File.WriteAllTextAsync(file, "{ \"Insta\": {\n \"Region\": eu\n} }");

        var (code, output) = await InstaProcess.RunAsync(new Dictionary<string, string> { ["INSTA_CONFIG"] = file }, "config");

        Assert.Equal(2, code);
        Assert.Contains(file, output);
        Assert.Contains("LineNumber: 1", output);
        Assert.DoesNotContain('\n', output);
    }
}

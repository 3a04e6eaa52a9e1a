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
}

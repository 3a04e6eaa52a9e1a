namespace InstaGrpc.Postgres.Tests;

public class PostgresAddressTests
{
    [Fact]
    public void AUrlIsReadWithEscapesAndParameters()
    {
        var address = PostgresAddress.Parse(
            "postgresql://in%40sta:p%3Aw%2F@db.example:5433/insta-1?sslmode=verify-full&application_name=x%20y&connect_timeout=3");
        Assert.Equal("in@sta", address.Username);
        Assert.Equal("p:w/", address.Password);
        Assert.Equal("db.example", address.Host);
        Assert.Equal(5433, address.Port);
        Assert.Equal("insta-1", address.Database);
        Assert.Equal(Npgsql.SslMode.VerifyFull, address.SslMode);
        Assert.Equal("x y", address.ApplicationName);
        Assert.Equal(3, address.Timeout);
    }

    [Fact]
    public void AConnectionStringIsTakenAsItIs()
    {
        var address = PostgresAddress.Parse("Host=localhost;Port=5434;Database=d;Username=u;Password=p;Maximum Pool Size=7");
        Assert.Equal("localhost:5434/d", PostgresAddress.Describe(address));
        Assert.Equal(7, address.MaxPoolSize);
    }

    [Fact]
    public void TheDefaultPortIs5432() => Assert.Equal(5432, PostgresAddress.Parse("postgres://u@h/d").Port);

    [Theory]
    [InlineData("")]
    [InlineData("postgres://")]
    [InlineData("postgres://u:secret@h1,h2/d")]
    [InlineData("postgres://u:secret@h/d?nonsense=1")]
    [InlineData("Nonsense=secret")]
    [InlineData("Password=secret")]
    public void WhatCannotBeReadIsRefusedWithoutShowingTheSecret(string text)
    {
        var fault = Assert.Throws<FormatException>(() => PostgresAddress.Parse(text));
        Assert.DoesNotContain("secret", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryFaultOfTheOptionsIsNamedAtOnce()
    {
        var result = new PostgresOptionsValidation().Validate(null, new PostgresOptions
        {
            MaxPoolSize = 1,
            ClockInterval = TimeSpan.Zero,
            Nodes = { ["Big"] = new() { Primary = "postgres://u@h/d" }, ["n1"] = new() { Primary = "postgres://u@h/d", Followers = [""] } },
        });
        Assert.True(result.Failed);
        foreach (var part in (string[])["Insta:Postgres:Directory", "Nodes:Big", "Nodes:n1:Followers:0", "MaxPoolSize", "ClockInterval"])
        {
            Assert.Contains(part, result.FailureMessage, StringComparison.Ordinal);
        }
    }
}

using InstaGrpc.TestFixtures;
using Xunit.Abstractions;

namespace InstaGrpc.Web.Tests;

/// <summary>The web app, in Debian's Chromium against `insta up`, and its sources in Node: one test here for each file of theirs.</summary>
public sealed class WebAppTests(RunningApp app, ITestOutputHelper output) : IClassFixture<RunningApp>
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(10);
    private static readonly string _web = Path.Combine(Checkout.Root, "services", "Gateway", "web");
    private static readonly NodeTests _sources = new(_web, Path.Combine(_web, "test"), "generate");
    private static readonly NodeTests _browser = new(Path.Combine(Checkout.Root, "tests", "Web"), Path.Combine(Checkout.Root, "tests", "Web"));

    public static TheoryData<string> SourceFiles => _sources.Files;

    public static TheoryData<string> BrowserFiles => _browser.Files;

    [Theory]
    [MemberData(nameof(SourceFiles))]
    public async Task ItsSourcesDoWithoutABrowserWhatTheyPromise(string file) => output.WriteLine(await _sources.RunAsync(file, [], _limit));

    [BrowserTheory]
    [MemberData(nameof(BrowserFiles))]
    public async Task InABrowserItDoesWhatItPromises(string file) => output.WriteLine(await _browser.RunAsync(
        file,
        new()
        {
            ["INSTA_WEB"] = await app.WebAsync(),
            ["INSTA_OTHER_PORT"] = app.OtherPort,
            ["INSTA_CHROMIUM"] = BrowserTheoryAttribute.Chromium,
            ["INSTA_SCREENSHOTS"] = Path.Combine(Checkout.StateFolder, "test-results", "screenshots"),
        },
        _limit));
}

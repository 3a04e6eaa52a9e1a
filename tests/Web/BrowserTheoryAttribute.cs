namespace InstaGrpc.Web.Tests;

/// <summary>Tests that need Debian's Chromium: skipped by name where it is not installed. <c>./insta test</c> installs it where it can.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public const string Chromium = "/usr/bin/chromium";

    public BrowserTheoryAttribute()
    {
        if (!File.Exists(Chromium)) Skip = $"needs {Chromium}: apt-get install chromium";
    }
}

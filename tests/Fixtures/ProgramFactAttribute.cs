using Xunit;

namespace InstaGrpc.TestFixtures;

/// <summary>
/// A test that runs a program of the system's, which <c>./insta test</c> installs where it can. Skipped by name where it is missing, unless INSTA_TOOLS says
/// that nothing may be.
/// </summary>
public sealed class ProgramFactAttribute : FactAttribute
{
    public ProgramFactAttribute(params string[] programs)
    {
        var missing = programs.Where(static program => Find(program) is null).ToArray();
        if (missing.Length > 0 && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("INSTA_TOOLS")))
        {
            Skip = $"needs {string.Join(", ", missing)}";
        }
    }

    /// <summary>Where a program is; null: it is not on the PATH.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}

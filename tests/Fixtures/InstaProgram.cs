namespace InstaGrpc.TestFixtures;

/// <summary>An `insta` to run: this build's, or one that lies elsewhere, perhaps by way of another program.</summary>
/// <param name="File">What is started.</param>
/// <param name="Before">Its arguments before those of `insta`.</param>
/// <param name="Variables">Beside those of the mesh.</param>
public sealed record InstaProgram(string File, IReadOnlyList<string> Before, IReadOnlyDictionary<string, string> Variables)
{
    /// <summary>The one that the test project was built with.</summary>
    public static InstaProgram Built { get; } =
        new(Path.Combine(AppContext.BaseDirectory, "insta"), [], new Dictionary<string, string>(StringComparer.Ordinal));

    /// <summary>Where it serves, with <see cref="PatientSettings"/>, unless the variables say otherwise.</summary>
    public InstaProcess Start(IReadOnlyDictionary<string, string>? variables, params string[] arguments)
    {
        Dictionary<string, string> all = new(Variables);
        foreach (var (name, value) in variables ?? new Dictionary<string, string>()) all[name] = value;
        if (arguments is ["up" or "serve", ..])
        {
            foreach (var (name, value) in PatientSettings.Variables) all.TryAdd(name, value);
        }
        return InstaProcess.StartProgram(File, all, [.. Before, .. arguments]);
    }

    /// <summary>Runs it to its end.</summary>
    public async Task<(int Code, string Output)> RunAsync(IReadOnlyDictionary<string, string>? variables, params string[] arguments)
    {
        await using var insta = Start(variables, arguments);
        var code = await insta.ExitAsync();
        return (code, string.Join('\n', insta.Output));
    }
}

using System.Text;

namespace InstaGrpc.Chart.Tests;

/// <summary>The lines <c># -- text</c> of a values.yaml and the keys under them, as a table.</summary>
internal static class ValuesTable
{
    public static string Of(IEnumerable<string> lines)
    {
        var table = new StringBuilder("| value | default | |\n|---|---|---|\n");
        var path = new List<(int Indent, string Key)>();
        string? told = null;
        foreach (var line in lines)
        {
            var text = line.TrimStart();
            var indent = line.Length - text.Length;
            if (text.StartsWith("# -- ", StringComparison.Ordinal))
            {
                told = text["# -- ".Length..];
            }
            else if (text.Length > 0 && text[0] is not ('#' or '-') && text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
            {
                path.RemoveAll(parent => parent.Indent >= indent);
                path.Add((indent, text[..colon]));
                var value = text[(colon + 1)..].Trim();
                if (told is not null)
                {
                    table.Append("| `").AppendJoin('.', path.Select(static part => part.Key)).Append("` | ")
                        .Append(value.Length > 0 ? $"`{value}`" : "see the file").Append(" | ").Append(told).Append(" |\n");
                }

                told = null;
            }
        }

        return table.ToString();
    }
}

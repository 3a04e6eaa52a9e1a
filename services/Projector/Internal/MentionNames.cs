using System.Text.RegularExpressions;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Finds <c>@name</c> in captions and comments.</summary>
internal static partial class MentionNames
{
    /// <summary>Different names of one text that are looked for; what comes after them notifies nobody.</summary>
    public const int Most = 20;

    /// <summary>The names in their order. Each is given as the spellings that it may stand for, the longest first: a dot at the end may
    /// belong to the name or to the sentence.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> In(string text)
    {
        if (!text.Contains('@', StringComparison.Ordinal))
        {
            return [];
        }

        var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (Match match in Mention().Matches(text.ToLowerInvariant()))
        {
            var whole = match.Groups[1].Value;
            List<string> spellings = [];
            for (var length = whole.Length; length > 0; length--)
            {
                spellings.Add(whole[..length]);
                if (whole[length - 1] != '.')
                {
                    break;
                }
            }

            found.TryAdd(whole, spellings);
            if (found.Count == Most)
            {
                break;
            }
        }

        return [.. found.Values];
    }

    // Not in the middle of a word (an e-mail address), and not the first 30 characters of something longer.
    [GeneratedRegex(@"(?<![a-z0-9._@])@([a-z0-9._]{1,30})(?![a-z0-9._])", RegexOptions.CultureInvariant)]
    private static partial Regex Mention();
}

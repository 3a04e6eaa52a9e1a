using System.Globalization;
using System.Text;

namespace InstaGrpc.Contracts;

/// <summary>
/// How text becomes words to search by, and what is typed into a search box the prefix of one: lower case without a culture, a word is a
/// run of letters, digits and their marks. Both sides use this, so they agree.
/// </summary>
public static class SearchWords
{
    /// <summary>Characters (UTF-16) of a word; what is longer is cut, on both sides.</summary>
    public const int Longest = 64;

    /// <summary>The words of a text, each once.</summary>
    public static IReadOnlySet<string> Of(string text)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        var word = new StringBuilder();
        foreach (var rune in Fold(text).EnumerateRunes())
        {
            if (IsOfWord(rune))
            {
                Append(word, rune);
            }
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }

        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    /// <summary>What was typed, as the prefix of a word; a leading # or @ is left out. Null: it is none, being empty or more than one
    /// word.</summary>
    public static string? Prefix(string typed)
    {
        var word = new StringBuilder();
        foreach (var rune in Fold(typed.Trim()).AsSpan().TrimStart("#@").EnumerateRunes())
        {
            if (!IsOfWord(rune))
            {
                return null;
            }

            Append(word, rune);
        }

        return word.Length > 0 ? word.ToString() : null;
    }

    private static string Fold(string text) => text.ToLowerInvariant();

    private static bool IsOfWord(Rune rune) =>
        Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static void Append(StringBuilder word, Rune rune)
    {
        if (word.Length + rune.Utf16SequenceLength <= Longest)
        {
            word.Append(rune.ToString());
        }
    }
}

using System.Globalization;

namespace Smvl.Cli.TinyBases;

/// <summary>What is said about one emoji in English.</summary>
/// <param name="Split">train or test</param>
/// <param name="Row">of its picture in emoji_zh's file of that split</param>
/// <param name="CodePoints">U+..., joined by hyphens</param>
/// <param name="Category">the answer to a category question; null where it is not known</param>
/// <param name="Name">question and answer</param>
/// <param name="Description">question and answer, where there are such</param>
internal sealed record EmojiEntry(
    string Split, int Row, string CodePoints, string? Category, (string Question, string Answer) Name, (string Question, string Answer)? Description);

/// <summary>The table <c>emoji_en.tsv</c>, one line for each row of emoji_zh, which has their pictures.</summary>
internal static class EmojiTable
{
    public const string FileName = "emoji_en.tsv";

    public const string Train = "train", Test = "test";

    private static readonly string[] Columns = ["split", "row", "code_points", "category", "name_question", "name", "describe_question", "description"];

    public static void Write(string path, IEnumerable<EmojiEntry> entries) => File.WriteAllLines(path, entries
        .Select(e => string.Join('\t', e.Split, e.Row.ToString(CultureInfo.InvariantCulture), e.CodePoints, e.Category, e.Name.Question, e.Name.Answer, e.Description?.Question, e.Description?.Answer))
        .Prepend(string.Join('\t', Columns)));

    /// <exception cref="SmvlException">the file cannot be read or is no such table</exception>
    public static EmojiEntry[] Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SmvlException("the table of emoji cannot be read", path, actual: e.Message, inner: e);
        }

        if (lines is not [var head, ..] || head != string.Join('\t', Columns))
        {
            throw new SmvlException("this is no table of emoji", path, string.Join(", ", Columns), lines is [] ? "an empty file" : lines[0]);
        }

        return [.. lines.Skip(1).Select((line, i) => Parse(line.Split('\t'), $"{path}, line {i + 2}"))];
    }

    private static EmojiEntry Parse(string[] fields, string where) =>
        fields.Length == Columns.Length && fields[0] is Train or Test && int.TryParse(fields[1], CultureInfo.InvariantCulture, out int row)
            && (fields[3].Length == 0 || EmojiTexts.Categories.Any(c => c.English == fields[3]))
            ? new EmojiEntry(
                fields[0], row, fields[2], fields[3].Length == 0 ? null : fields[3], (fields[4], fields[5]), fields[6].Length == 0 ? null : (fields[6], fields[7]))
            : throw new SmvlException("a line of the table of emoji is malformed", where, $"{Columns.Length} columns, a split, a row and one of the categories", string.Join(" | ", fields));
}

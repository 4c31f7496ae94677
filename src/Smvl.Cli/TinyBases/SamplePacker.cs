using System.Globalization;
using System.Security.Cryptography;
using Smvl.Data;
using Smvl.Formats.Parquet;
using Smvl.Images;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// Packs <c>samples/data</c>: Chinese scenes, some with colors that have no name, all of cauldron-mini's emoji at 72 pixels with their Chinese turns, their English turns as a
/// table, and the index of pictures. Photographs that are there stay as they are.
/// </summary>
internal sealed class SamplePacker
{
    public const string EmojiSubset = "emoji_zh", SceneSubset = "scenes_zh", ShapeSubset = "shapes_zh";

    /// <summary>Of the scenes that are committed.</summary>
    public const int DefaultSeed = 1;

    private const string EnglishEmoji = "emoji_en", IndexName = "index.tsv";
    private const int EmojiSize = 72, EmojiColors = 64, TrainScenes = 2400, TestScenes = 300, Shapes = 1200;
    private const int SplitColumn = 1, RowColumn = 2, OriginColumn = 11, IndexColumns = 13;

    private readonly string source;
    private readonly Dictionary<(string Subset, string Split, int Row), string[]> index;
    private readonly Dictionary<string, (string Group, string Subgroup)> groups;

    private SamplePacker(string source, Dictionary<(string Subset, string Split, int Row), string[]> index, Dictionary<string, (string Group, string Subgroup)> groups)
    {
        this.source = source;
        this.index = index;
        this.groups = groups;
    }

    /// <summary>Packs.</summary>
    /// <param name="source">the folder of cauldron-mini</param>
    /// <param name="emojiTest">Unicode's emoji-test.txt, which knows categories that nobody asks for in the source; or null</param>
    /// <param name="output">made if it is not there; files of these names are replaced</param>
    /// <param name="seed">of the scenes</param>
    /// <param name="parallel">makes the scenes</param>
    /// <param name="log">a line for each file</param>
    /// <exception cref="SmvlException">the source is no cauldron-mini</exception>
    public static void Pack(string source, string? emojiTest, string output, ulong seed, ParallelRows parallel, TextWriter log)
    {
        foreach ((string split, int scenes) in new[] { (EmojiTable.Train, TrainScenes), (EmojiTable.Test, TestScenes) })
        {
            WriteSplit(output, SceneSubset, split, parallel.Make(scenes, row => Scene(split, seed, row)), log);
        }

        WriteSplit(output, ShapeSubset, EmojiTable.Train, parallel.Make(Shapes, row => ShapeScene(seed, row)), log);
        string indexFile = Path.Combine(source, IndexName);
        var packer = new SamplePacker(source, ReadIndex(indexFile), emojiTest is null ? [] : ReadGroups(emojiTest));
        List<EmojiEntry> table = [];
        List<string> lines = [];
        foreach (string split in new[] { EmojiTable.Train, EmojiTable.Test })
        {
            packer.PackEmoji(split, output, table, lines, log);
        }

        EmojiTable.Write(Path.Combine(output, EmojiTable.FileName), table);
        WriteIndex(Path.Combine(output, IndexName), lines);
    }

    /// <summary>A row of scenes_zh. No other data set draws the same scenes, as each takes its seeds from a stream of its own.</summary>
    /// <param name="split">train, or test with held-out pairs</param>
    /// <param name="seed">of the sample data</param>
    /// <param name="row">its number</param>
    public static CauldronRow Scene(string split, ulong seed, int row)
    {
        bool heldOut = split == EmojiTable.Test;
        return SceneRows.Make(SceneSubset, SceneQuestions.Chinese, heldOut, Stream(seed, heldOut ? 2UL : 1), row);
    }

    /// <summary>A row of shapes_zh, scenes whose colors have no name.</summary>
    /// <param name="seed">of the sample data</param>
    /// <param name="row">its number</param>
    public static CauldronRow ShapeScene(ulong seed, int row) => SceneRows.MakeUnnamed(ShapeSubset, Stream(seed, 3UL), row);

    private static ulong Stream(ulong seed, ulong number) => SplitMix64.Mix(SplitMix64.Mix(seed) + number);

    /// <summary>Opens one file of a subset.</summary>
    public static CauldronDataset OpenSplit(string data, string subset, string split)
    {
        string folder = Path.Combine(data, subset);
        string[] files = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, $"{split}-*.parquet").Order(StringComparer.Ordinal)] : [];
        return files.Length > 0
            ? CauldronDataset.Open(data, files)
            : throw new SmvlException("a part of the data is missing", folder, $"{split}-*.parquet", "none");
    }

    /// <summary>Writes one file of a subset.</summary>
    public static void WriteSplit(string data, string subset, string split, IEnumerable<CauldronRow> rows, TextWriter log)
    {
        string folder = Path.Combine(data, subset), path = Path.Combine(folder, $"{split}-00000-of-00001.parquet");
        Directory.CreateDirectory(folder);
        int count = 0;
        CauldronWriter.Write(path, rows.Select(row =>
        {
            count++;
            return row;
        }));
        log.WriteLine(FormattableString.Invariant($"{path}: {count} rows, {new FileInfo(path).Length / 1e6:F1} MB"));
    }

    private void PackEmoji(string split, string output, List<EmojiEntry> table, List<string> lines, TextWriter log)
    {
        using CauldronDataset chinese = OpenSplit(source, EmojiSubset, split), english = OpenSplit(source, EnglishEmoji, split);
        if (chinese.Count != english.Count)
        {
            throw new SmvlException("the two languages' emoji differ", source, $"{chinese.Count} rows of {split}", $"{english.Count}");
        }

        ForgetMoved(split, chinese, english);
        var rows = new CauldronRow[chinese.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            CauldronTurn[] chineseTurns = Turns(chinese, i), englishTurns = Turns(english, i);
            (string, string) name = OfKind(englishTurns, EmojiTexts.Name)
                ?? throw new SmvlException("an emoji has no name", source, "a question for it", $"none in row {i} of {EnglishEmoji}'s {split}");
            string codePoints = Indexed(EmojiSubset, split, i)[OriginColumn];
            if (Indexed(EnglishEmoji, split, i)[OriginColumn] != codePoints)
            {
                throw new SmvlException("the two languages' emoji differ", source, $"{codePoints} in row {i} of {split}", Indexed(EnglishEmoji, split, i)[OriginColumn]);
            }

            int category = Category(codePoints, chineseTurns, englishTurns);
            byte[] picture = chinese.ReadRow(i).Images is [{ Bytes: { } file }]
                ? Shrink(file, i)
                : throw new SmvlException("an emoji has no picture", source, "one", $"another number in row {i} of {EmojiSubset}'s {split}");
            if (split == EmojiTable.Train)
            {
                chineseTurns = WithCategory(chineseTurns, category, i);
            }

            rows[i] = new CauldronRow(
                [new CauldronImage(picture, null)],
                [.. chineseTurns.Select(t => t with { Source = $"{EmojiSubset}.{EmojiTexts.KindOf(t.User!, t.Assistant!)}" })]);
            table.Add(new EmojiEntry(
                split, i, codePoints, category < 0 ? null : EmojiTexts.Categories[category].English, name, OfKind(englishTurns, EmojiTexts.Describe)));
            lines.Add(IndexLine(Indexed(EmojiSubset, split, i), picture, chineseTurns.Length));
        }

        WriteSplit(output, EmojiSubset, split, rows, log);
    }

    private CauldronTurn[] Turns(CauldronDataset dataset, int row) =>
        dataset.ReadRow(row).Texts is { } turns && turns.All(t => t is { User: not null, Assistant: not null })
            ? [.. turns.Select(t => t!)]
            : throw new SmvlException("an emoji's turns are not whole", source, "questions and answers", $"nulls in row {row}");

    private static (string Question, string Answer)? OfKind(CauldronTurn[] turns, string kind) =>
        Array.Find(turns, t => EmojiTexts.KindOf(t.User!, t.Assistant!) == kind) is { } turn ? (turn.User!, turn.Assistant!) : null;

    /// <summary>
    /// The category first, in words of the source where it has the question. The other turns follow.
    /// </summary>
    private static CauldronTurn[] WithCategory(CauldronTurn[] turns, int category, int row)
    {
        if (category < 0)
        {
            return turns;
        }

        string answer = EmojiTexts.Categories[category].Chinese;
        string question = OfKind(turns, EmojiTexts.Category)?.Question ?? EmojiTexts.ChineseCategoryQuestions[(int)(SplitMix64.Mix((ulong)row) & 1)];
        return
        [
            new CauldronTurn(question, answer, null),
            .. turns.Where(t => EmojiTexts.KindOf(t.User!, t.Assistant!) != EmojiTexts.Category),
        ];
    }

    /// <summary>What either language says, else Unicode's group; -1 where none does.</summary>
    private int Category(string codePoints, CauldronTurn[] chinese, CauldronTurn[] english) =>
        Said(chinese, english) is >= 0 and var said ? said
        : groups.TryGetValue(Key(codePoints), out (string Group, string Subgroup) listed) ? Array.FindIndex(EmojiTexts.Categories, c => c.Group == listed.Group)
        : -1;

    private static int Said(CauldronTurn[] chinese, CauldronTurn[] english) =>
        OfKind(chinese, EmojiTexts.Category) is { Answer: var said } ? Array.FindIndex(EmojiTexts.Categories, c => c.Chinese == said)
        : OfKind(english, EmojiTexts.Category) is { Answer: var told } ? Array.FindIndex(EmojiTexts.Categories, c => c.English == told)
        : -1;

    /// <summary>
    /// Forgets subgroups that the list of groups has in another group than the source, which may follow another version of Unicode:
    /// between 15 and 17 crabs went from food to animals, and what the source does not say about lobsters must not be told from the list.
    /// </summary>
    private void ForgetMoved(string split, CauldronDataset chinese, CauldronDataset english)
    {
        for (int i = 0; i < chinese.Count; i++)
        {
            int said = Said(Turns(chinese, i), Turns(english, i));
            if (said >= 0 && groups.TryGetValue(Key(Indexed(EmojiSubset, split, i)[OriginColumn]), out (string Group, string Subgroup) listed)
                && listed.Group != EmojiTexts.Categories[said].Group)
            {
                string[] moved = [.. groups.Where(g => g.Value.Subgroup == listed.Subgroup).Select(g => g.Key)];
                Array.ForEach(moved, key => groups.Remove(key));
            }
        }
    }

    /// <summary>72 x 72 on white, the longer side filled, as a palette PNG.</summary>
    private static byte[] Shrink(byte[] file, int row)
    {
        using RgbImage picture = ImageDecoder.Decode(file, $"{EmojiSubset}, row {row}");
        int longer = Math.Max(picture.Width, picture.Height);
        int width = Math.Max(1, picture.Width * EmojiSize / longer), height = Math.Max(1, picture.Height * EmojiSize / longer);
        using RgbImage small = Resampler.Resize(picture, width, height, ResampleFilter.Lanczos);
        var pixels = new byte[EmojiSize * EmojiSize * RgbImage.Channels];
        pixels.AsSpan().Fill(255);
        int left = (EmojiSize - width) / 2, top = (EmojiSize - height) / 2;
        for (int y = 0; y < height; y++)
        {
            small.Pixels.Slice(y * width * RgbImage.Channels, width * RgbImage.Channels).CopyTo(pixels.AsSpan((((top + y) * EmojiSize) + left) * RgbImage.Channels));
        }

        return LibGd.EncodePalettePng(new RgbImage(EmojiSize, EmojiSize, pixels), EmojiColors);
    }

    private string[] Indexed(string subset, string split, int row) => index.TryGetValue((subset, split, row), out string[]? line)
        ? line
        : throw new SmvlException("a picture is not in the index", Path.Combine(source, IndexName), $"{subset}, {split}, row {row}", "no such line");

    private static Dictionary<(string Subset, string Split, int Row), string[]> ReadIndex(string path) => File.ReadLines(path)
        .Skip(1)
        .Select(line => line.Split('\t'))
        .Where(fields => fields.Length == IndexColumns && int.TryParse(fields[RowColumn], CultureInfo.InvariantCulture, out _))
        .ToDictionary(fields => (fields[0], fields[SplitColumn], int.Parse(fields[RowColumn], CultureInfo.InvariantCulture)));

    /// <summary>Groups by code points, of emoji-test.txt: lines "# group: NAME", "# subgroup: NAME", then "1F600 1F601 ; qualification # comment".</summary>
    private static Dictionary<string, (string Group, string Subgroup)> ReadGroups(string path)
    {
        const string heading = "# group: ", subheading = "# subgroup: ";
        var groups = new Dictionary<string, (string Group, string Subgroup)>();
        string group = "", subgroup = "";
        foreach (string line in File.ReadLines(path))
        {
            if (line.StartsWith(heading, StringComparison.Ordinal))
            {
                group = line[heading.Length..];
            }
            else if (line.StartsWith(subheading, StringComparison.Ordinal))
            {
                subgroup = line[subheading.Length..];
            }
            else if (line is not ([] or ['#', ..]))
            {
                groups[Key("U+" + line.Split(';')[0].Trim().Replace(' ', '-'))] = (group, subgroup);
            }
        }

        return groups;
    }

    // with or without the selector of the colored presentation it is the same emoji
    private static string Key(string codePoints) => codePoints.Replace("-FE0F", "", StringComparison.Ordinal);

    private static string IndexLine(string[] fields, byte[] picture, int turns)
    {
        string[] changed = [.. fields];
        string size = EmojiSize.ToString(CultureInfo.InvariantCulture);
        (changed[6], changed[7], changed[8]) = (size, size, picture.Length.ToString(CultureInfo.InvariantCulture));
        changed[9] = turns.ToString(CultureInfo.InvariantCulture);
        changed[10] = Convert.ToHexStringLower(SHA256.HashData(picture))[..16];
        return string.Join('\t', changed);
    }

    /// <summary>Replaces the lines of emoji and keeps the others.</summary>
    private static void WriteIndex(string path, List<string> lines)
    {
        const string head = "subset\tsplit\trow\timage\tformat\tmode\twidth\theight\tbytes\ttexts\tsha256_16\torigin\tlicence";
        string[] others = File.Exists(path) ? [.. File.ReadLines(path).Skip(1).Where(line => !line.StartsWith(EmojiSubset + "\t", StringComparison.Ordinal))] : [];
        File.WriteAllLines(path, [head, .. lines, .. others]);
    }
}

using Smvl.Data;
using Smvl.Images;

namespace Smvl.Cli.TinyBases;

/// <summary>Rows of pictures made from emoji, with English turns: the category, which half of the variants tell part by part, then the name, then a description where there is one.</summary>
internal sealed class EmojiRows
{
    public const string Subset = "emoji_en";

    private const double PartsShare = 0.5;

    private static readonly string[] HasDirection = ["left", "right", "clock", "arrow", "thirty"];

    private readonly (EmojiEntry Entry, byte[] File, EmojiPicture Picture)[] emoji;

    private EmojiRows((EmojiEntry Entry, byte[] File, EmojiPicture Picture)[] emoji) => this.emoji = emoji;

    /// <summary>Emoji of the split.</summary>
    public int Count => emoji.Length;

    /// <param name="samples">the folder with the table and emoji_zh</param>
    /// <param name="split">train or test</param>
    /// <exception cref="SmvlException">a file is missing or malformed, or the table has a row that the pictures lack</exception>
    public static EmojiRows Open(string samples, string split)
    {
        EmojiEntry[] entries = [.. EmojiTable.Read(Path.Combine(samples, EmojiTable.FileName)).Where(e => e.Split == split)];
        using CauldronDataset pictures = SamplePacker.OpenSplit(samples, SamplePacker.EmojiSubset, split);
        return new EmojiRows([.. entries.Select(Load)]);

        (EmojiEntry, byte[], EmojiPicture) Load(EmojiEntry entry)
        {
            byte[] file = entry.Row >= 0 && entry.Row < pictures.Count && pictures.ReadRow(entry.Row).Images is [{ Bytes: { } bytes }]
                ? bytes
                : throw new SmvlException("an emoji has no picture", samples, $"row {entry.Row} of {split} in {SamplePacker.EmojiSubset}", $"{pictures.Count} rows");
            using RgbImage picture = ImageDecoder.Decode(file, $"{SamplePacker.EmojiSubset}, row {entry.Row}");
            return (entry, file, EmojiPicture.Cut(picture));
        }
    }

    /// <summary>A variant: all emoji once, then all of them again.</summary>
    /// <param name="seed">of the data set</param>
    /// <param name="row">its number</param>
    public CauldronRow Vary(ulong seed, int row)
    {
        (EmojiEntry entry, _, EmojiPicture picture) = emoji[row % emoji.Length];
        SplitMix64 random = SceneRows.Random(seed, row);
        using RgbImage variant = picture.Vary(MayFlip(entry), ref random);
        return Row(LibGd.EncodeJpeg(variant, SceneRows.JpegQuality), entry, Scene.Below(2, ref random), parts: Chance.Is(PartsShare, ref random));
    }

    /// <summary>The emoji's own picture.</summary>
    public CauldronRow Plain(int index) => Row(emoji[index].File, emoji[index].Entry, index % 2, parts: false);

    private static bool MayFlip(EmojiEntry entry) =>
        entry.Category is not (null or "Flags." or "Symbols.") && !HasDirection.Any(word => entry.Name.Answer.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static CauldronRow Row(byte[] file, EmojiEntry entry, int wording, bool parts)
    {
        List<CauldronTurn> turns = [];
        if (entry.Category is { } category)
        {
            SceneTurn turn = parts
                ? EmojiTexts.PartByPart(category)
                : new SceneTurn(EmojiTexts.Category, EmojiTexts.EnglishCategoryQuestions[wording], category);
            turns.Add(new CauldronTurn(turn.User, turn.Assistant, $"{Subset}.{turn.Kind}"));
        }

        turns.Add(new CauldronTurn(entry.Name.Question, entry.Name.Answer, $"{Subset}.{EmojiTexts.Name}"));
        if (entry.Description is { } description)
        {
            turns.Add(new CauldronTurn(description.Question, description.Answer, $"{Subset}.{EmojiTexts.Describe}"));
        }

        return new CauldronRow([new CauldronImage(file, null)], turns);
    }
}

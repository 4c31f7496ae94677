namespace Smvl.Cli.TinyBases;

/// <summary>The Chinese words that tell of one thing, in the forms a description may have them. Answers have the first form only.</summary>
/// <param name="Sizes">whether its size is told</param>
/// <param name="Places">whether its place is told</param>
/// <param name="Brief">how often a word has another form than the answers have, 0 to 1</param>
internal readonly record struct ThingWords(bool Sizes, bool Places, double Brief)
{
    private static readonly string[][] OtherPlaces =
    [
        ["左上", "左上方"], ["上面", "上边", "上"], ["右上", "右上方"],
        ["左侧", "左面", "左"], ["中央", "正中", "中间位置"], ["右侧", "右面", "右"],
        ["左下", "左下方"], ["下面", "下边", "下"], ["右下", "右下方"],
    ];

    public string Color(SceneObject thing, ref SplitMix64 random) => Usual(ref random) ? ChineseQuestions.Name(thing.Color) : ChineseQuestions.Name(thing.Color)[..^1];

    public string Shape(SceneObject thing, ref SplitMix64 random) => Usual(ref random) ? ChineseQuestions.Name(thing.Shape) : ChineseQuestions.Name(thing.Shape)[..^1];

    public string Size(SceneObject thing, ref SplitMix64 random) => ChineseQuestions.Name(thing.Size) + (Usual(ref random) ? "" : "的");

    public string Place(SceneObject thing, ref SplitMix64 random) =>
        Usual(ref random) ? ChineseQuestions.Place(thing.Cell) : Chance.Of<string>(OtherPlaces[thing.Cell], ref random);

    /// <summary>All that is told: color, shape, size, place.</summary>
    public string[] All(SceneObject thing, ref SplitMix64 random)
    {
        List<string> words = [Color(thing, ref random), Shape(thing, ref random)];
        if (Sizes)
        {
            words.Add(Size(thing, ref random));
        }

        if (Places)
        {
            words.Add(Place(thing, ref random));
        }

        return [.. words];
    }

    private bool Usual(ref SplitMix64 random) => !Chance.Is(Brief, ref random);
}

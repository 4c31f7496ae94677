namespace Smvl.Cli.TinyBases;

/// <summary>
/// A scene as a picture's rows come: its nine cells, row by row, one word for each, that is size, color and shape at once. A connector
/// can imitate that, as it has one vector for each cell, and what belongs to one thing need not be gathered from several words.
/// </summary>
internal static class SceneGrid
{
    private const string Nothing = "空";

    /// <summary>
    /// What may stand before the first cell and behind the last, a token each, as many as the marks around a picture's rows. A reader that
    /// always found the same words there would look for them, and be lost where a picture's marks stand.
    /// </summary>
    private static readonly string[] Openings =
    [
        "图中", "图形", "东西", "颜色", "形状", "位置", "哪里", "什么", "这张", "图片", "描述", "一共", "大的", "小的", "还是", "哪个", "这个", "这是", "相关", "一个",
        "可以", "看到", "没有", "背景", "红色", "蓝色", "圆形", "方形", "左上角", "中间", "看", "有", "在", "的", "是", "我", "你", "好", "第", "请", "吗", "和",
    ];

    private static readonly string[] EveryMark = ["：", "，", "。", "、", "；", "！", "？", "“", "”", "-", "|", "/", ":", "=", "."];

    /// <summary>Every word that a cell may have; each must be a token.</summary>
    public static IEnumerable<string> Words { get; } =
    [
        Word(null),
        .. from size in Enum.GetValues<SceneSize>()
           from color in Enum.GetValues<SceneColor>()
           from shape in Enum.GetValues<SceneShape>()
           select Word(new SceneObject(shape, color, size, 0)),
    ];

    /// <summary>What may stand around a grid's cells, each a token.</summary>
    public static IReadOnlyList<string> Marks => EveryMark;

    /// <summary>(9) What lies in each cell, null where nothing does.</summary>
    public static SceneObject?[] Cells(Scene scene)
    {
        var cells = new SceneObject?[SceneObject.Cells];
        foreach (SceneObject thing in scene.Objects)
        {
            cells[thing.Cell] = thing;
        }

        return cells;
    }

    /// <summary>图中： 大红圆 空 空 空 小蓝星 空 空 空 空。</summary>
    public static Told Tell(Scene scene, ref SplitMix64 random) => new(Text(Cells(scene).Select(Word), ref random), Sizes: true, Places: true, Ordered: true);

    /// <summary>The words of nine cells as a description.</summary>
    public static string Text(IEnumerable<string> words, ref SplitMix64 random) =>
        $"{Chance.Of<string>(Openings, ref random)}{Chance.Of<string>(EveryMark, ref random)}{string.Concat(words)}{Chance.Of<string>(EveryMark, ref random)}";

    /// <summary>Of a cell; the space makes a word of it for Qwen's split.</summary>
    public static string Word(SceneObject? cell) =>
        cell is { } thing ? $" {ChineseQuestions.Name(thing.Size)}{ChineseQuestions.Name(thing.Color)[0]}{ChineseQuestions.Name(thing.Shape)[0]}" : " " + Nothing;
}

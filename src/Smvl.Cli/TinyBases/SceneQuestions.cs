namespace Smvl.Cli.TinyBases;

/// <summary>A question, its answer, and the kind that a score is given for.</summary>
/// <param name="Kind">one of <see cref="SceneQuestions"/>' names, or of another dataset's</param>
/// <param name="User">the question</param>
/// <param name="Assistant">the answer</param>
internal readonly record struct SceneTurn(string Kind, string User, string Assistant);

/// <summary>
/// What can be asked about a scene, in Chinese and in English, in the same words whether the scene is drawn or told. A question has
/// one answer, and its wording does not give it away.
/// </summary>
internal abstract class SceneQuestions
{
    public const string Color = "color", Shape = "shape", Position = "position", Size = "size", Count = "count", Describe = "describe", Parts = "parts", ByShape = "by_shape";

    public static SceneQuestions Chinese { get; } = new ChineseQuestions();

    public static SceneQuestions English { get; } = new EnglishQuestions();

    /// <summary>Questions about a scene in an order of chance, one of each kind that it allows.</summary>
    /// <param name="scene">in one of the two ways that <see cref="Scene.Draw"/> makes</param>
    /// <param name="heldOutOnly">ask only about things whose pair of color and shape is held out</param>
    /// <param name="random">chooses things and wordings</param>
    public SceneTurn[] Ask(Scene scene, bool heldOutOnly, ref SplitMix64 random)
    {
        List<SceneTurn> turns = [];
        if (scene.Counted is { } counted)
        {
            turns.Add(new SceneTurn(Count, AskCount(counted, ref random), CountAnswer(scene.Objects.Count(o => o.Shape == counted.Shape))));
        }

        SceneObject[] single = [.. scene.Objects.Where(o => !(heldOutOnly && !o.IsHeldOut) && scene.Objects.Count(other => other.Shape == o.Shape) == 1)];
        if (single.Length > 0)
        {
            SceneObject about = Pick(single, ref random);
            turns.Add(new SceneTurn(Color, AskColor(about, ref random), ColorAnswer(about.Color)));
            about = Pick(single, ref random);
            turns.Add(new SceneTurn(Shape, AskShape(about, ref random), ShapeAnswer(about.Shape)));
            about = Pick(single, ref random);
            turns.Add(new SceneTurn(Position, AskPosition(about, ref random), PositionAnswer(about.Cell)));
            about = Pick(single, ref random);
            turns.Add(new SceneTurn(Size, AskSize(about, ref random), SizeAnswer(about.Size)));
        }
        else if (scene.Counted is { } all)
        {
            turns.Add(new SceneTurn(Color, AskColor(all, ref random), ColorAnswer(all.Color)));
            turns.Add(new SceneTurn(Shape, AskShape(all, ref random), ShapeAnswer(all.Shape)));
        }

        // last, as the others could be answered from it instead of from the picture
        var description = new SceneTurn(Describe, AskDescription(ref random), Description(scene));
        return [.. Chance.Shuffled(turns, ref random), description];
    }

    /// <summary>Questions about a picture of a scene without held-out pairs: the scene part by part where pictures are told so, then the same.</summary>
    /// <param name="scene">of a picture to train on</param>
    /// <param name="random">chooses things and wordings</param>
    public SceneTurn[] AskToTrain(Scene scene, ref SplitMix64 random)
    {
        bool parts = Chance.Is(PartsShare, ref random);
        SceneTurn[] turns = Ask(scene, heldOutOnly: false, ref random);
        return parts ? [PartByPart(scene), .. turns] : turns;
    }

    /// <summary>
    /// What is in each of the nine cells, a word for each, row by row: colors, then shapes, then sizes. Each word stands as far behind its
    /// image row as every other one of its list, which a decoder finds at once.
    /// </summary>
    public abstract SceneTurn PartByPart(Scene scene);

    /// <summary>How many of the scenes to train on are told part by part.</summary>
    protected abstract double PartsShare { get; }

    /// <summary>Things of a counted scene by kind: the first of each and how many there are.</summary>
    public static IEnumerable<(SceneObject First, int Count)> Kinds(Scene scene) =>
        scene.Objects.GroupBy(o => o.Shape).Select(same => (same.First(), same.Count()));

    /// <summary>All that is to be seen, in the order of the cells; in a scene for counting, how many of each kind.</summary>
    public abstract string Description(Scene scene);

    protected abstract string AskColor(SceneObject about, ref SplitMix64 random);

    protected abstract string AskShape(SceneObject about, ref SplitMix64 random);

    protected abstract string AskPosition(SceneObject about, ref SplitMix64 random);

    protected abstract string AskSize(SceneObject about, ref SplitMix64 random);

    protected abstract string AskCount(SceneObject about, ref SplitMix64 random);

    protected abstract string AskDescription(ref SplitMix64 random);

    protected abstract string ColorAnswer(SceneColor color);

    protected abstract string ShapeAnswer(SceneShape shape);

    protected abstract string PositionAnswer(int cell);

    protected abstract string SizeAnswer(SceneSize size);

    protected abstract string CountAnswer(int count);

    protected static T Pick<T>(ReadOnlySpan<T> choices, ref SplitMix64 random) => choices[Scene.Below(choices.Length, ref random)];
}

/// <summary>The Chinese words, which the text model's dialogues are made of too.</summary>
internal sealed class ChineseQuestions : SceneQuestions
{
    public const string PartsQuestion = "每一部分是什么？";

    private const string Nothing = "无";

    private static readonly string[] Colors = ["红色", "橙色", "黄色", "绿色", "蓝色", "紫色", "黑色", "白色"];
    private static readonly string[] Shapes = ["圆形", "方形", "三角形", "星形", "十字形", "心形"];
    private static readonly string[] Sizes = ["小", "大"];
    private static readonly string[] Places = ["左上角", "上方", "右上角", "左边", "中间", "右边", "左下角", "下方", "右下角"];
    private static readonly string[] Numbers = ["零", "一", "两", "三", "四", "五", "六"];

    public static string Name(SceneColor color) => Colors[(int)color];

    public static string Name(SceneShape shape) => Shapes[(int)shape];

    public static string Name(SceneSize size) => Sizes[(int)size];

    /// <summary>Of a cell.</summary>
    public static string Place(int cell) => Places[cell];

    /// <summary>Before a measure word: 两, not 二.</summary>
    public static string Number(int count) => Numbers[count];

    protected override double PartsShare => 0;

    public override SceneTurn PartByPart(Scene scene)
    {
        SceneObject?[] cells = SceneGrid.Cells(scene);
        return new SceneTurn(Parts, PartsQuestion, $"{List(o => Name(o.Color))}；{List(o => Name(o.Shape))}；{List(o => Name(o.Size))}。");

        string List(Func<SceneObject, string> name) => string.Concat(cells.Select(cell => cell is { } thing ? name(thing) : Nothing));
    }

    /// <summary>
    /// Every thing's color, place and size, each asked by shape in an order of chance. A text model finds a thing by the word right before
    /// the answer long before it finds it by one of the question's, and a description, which names colors before shapes, teaches the one way only.
    /// </summary>
    /// <param name="scene">one that is not for counting: each shape occurs once</param>
    /// <param name="colors">whether colors are asked for too</param>
    /// <param name="random">chooses the orders</param>
    public static SceneTurn[] AskByShape(Scene scene, bool colors, ref SplitMix64 random)
    {
        (string Asked, Func<SceneObject, string> Property)[] properties =
        [
            .. colors ? [("是什么颜色", (SceneObject o) => Name(o.Color))] : Array.Empty<(string, Func<SceneObject, string>)>(),
            ("在哪里", o => Place(o.Cell)),
            ("是大的还是小的", o => Name(o.Size)),
        ];
        List<SceneTurn> turns = [];
        foreach ((string asked, Func<SceneObject, string> property) in Chance.Shuffled(properties, ref random))
        {
            SceneObject[] things = Chance.Shuffled(scene.Objects, ref random);
            turns.Add(new SceneTurn(
                ByShape, $"{string.Join('、', things.Select(o => Name(o.Shape)))}{asked}？", string.Join('，', things.Select(o => Name(o.Shape) + property(o))) + "。"));
        }

        return [.. turns];
    }

    /// <summary>All that can be asked about a scene whose colors have no name: the things' places and sizes by shape, or how many there are of a shape.</summary>
    public static SceneTurn[] AskWithoutColors(Scene scene, ref SplitMix64 random) => scene.Counted is { } counted
        ? [new SceneTurn(Count, HowMany(counted.Shape), Answer(scene.Objects.Count(o => o.Shape == counted.Shape)))]
        : AskByShape(scene, colors: false, ref random);

    public override string Description(Scene scene) => scene.Counted is null
        ? string.Join('，', scene.Objects.Select(o => $"{Place(o.Cell)}有一个{Name(o.Size)}的{Name(o.Color)}{Name(o.Shape)}")) + "。"
        : $"图中有{string.Join('和', Kinds(scene).Select(kind => $"{Number(kind.Count)}个{Name(kind.First.Color)}的{Name(kind.First.Shape)}"))}。";

    protected override string AskColor(SceneObject about, ref SplitMix64 random) =>
        Pick([$"{Name(about.Shape)}是什么颜色？", $"图中的{Name(about.Shape)}是什么颜色的？"], ref random);

    protected override string AskShape(SceneObject about, ref SplitMix64 random) =>
        Pick([$"{Name(about.Color)}的图形是什么形状？", $"图中{Name(about.Color)}的东西是什么形状的？"], ref random);

    protected override string AskPosition(SceneObject about, ref SplitMix64 random) =>
        Pick([$"{Name(about.Shape)}在哪里？", $"{Name(about.Color)}的图形在什么位置？", $"{Name(about.Color)}的{Name(about.Shape)}在图中的什么位置？"], ref random);

    protected override string AskSize(SceneObject about, ref SplitMix64 random) =>
        Pick([$"{Name(about.Shape)}是大的还是小的？", $"{Name(about.Color)}的图形是大的还是小的？"], ref random);

    protected override string AskCount(SceneObject about, ref SplitMix64 random) =>
        Pick([HowMany(about.Shape), $"一共有几个{Name(about.Color)}的{Name(about.Shape)}？"], ref random);

    protected override string AskDescription(ref SplitMix64 random) =>
        Pick<string>(["图中有什么？", "请描述这张图片。"], ref random);

    protected override string ColorAnswer(SceneColor color) => Name(color) + "。";

    protected override string ShapeAnswer(SceneShape shape) => Name(shape) + "。";

    protected override string PositionAnswer(int cell) => Place(cell) + "。";

    protected override string SizeAnswer(SceneSize size) => Name(size) + "的。";

    protected override string CountAnswer(int count) => Answer(count);

    private static string HowMany(SceneShape shape) => $"图中有几个{Name(shape)}？";

    private static string Answer(int count) => Number(count) + "个。";
}

/// <summary>
/// The English words. Most scenes to train on are told part by part: a vision tower learns to see from it in hundreds of steps instead of
/// many thousands.
/// </summary>
internal sealed class EnglishQuestions : SceneQuestions
{
    public const string PartsQuestion = "What is in each part?", ColorsQuestion = "What color is in each part?", ShapesQuestion = "What shape is in each part?";

    private static readonly string[] Colors = ["red", "orange", "yellow", "green", "blue", "purple", "black", "white"];
    private static readonly string[] Shapes = ["circle", "square", "triangle", "star", "cross", "heart"];
    private static readonly string[] Sizes = ["small", "large"];
    private static readonly string[] Numbers = ["no", "one", "two", "three", "four", "five", "six"];

    private static readonly string[] Places =
        ["at the top left", "at the top", "at the top right", "on the left", "in the middle", "on the right", "at the bottom left", "at the bottom", "at the bottom right"];

    protected override double PartsShare => 0.75;

    public override SceneTurn PartByPart(Scene scene) =>
        new(Parts, PartsQuestion, $"{TellColors(scene)} {TellShapes(scene)} {TellSizes(scene)}");

    /// <summary>The same without the shapes.</summary>
    public static SceneTurn ColorsByPart(Scene scene) => new(Parts, ColorsQuestion, $"{TellColors(scene)} {TellSizes(scene)}");

    /// <summary>The same without the colors.</summary>
    public static SceneTurn ShapesByPart(Scene scene) => new(Parts, ShapesQuestion, $"{TellShapes(scene)} {TellSizes(scene)}");

    public override string Description(Scene scene) => scene.Counted is null
        ? Sentence(string.Join(", ", scene.Objects.Select(o => $"a {Name(o.Size)} {Name(o.Color)} {Name(o.Shape)} {Places[o.Cell]}")))
        : Sentence(string.Join(" and ", Kinds(scene).Select(kind =>
            $"{Numbers[kind.Count]} {Name(kind.First.Color)} {Name(kind.First.Shape)}{(kind.Count == 1 ? "" : kind.First.Shape == SceneShape.Cross ? "es" : "s")}")));

    protected override string AskColor(SceneObject about, ref SplitMix64 random) => $"What color is the {Name(about.Shape)}?";

    protected override string AskShape(SceneObject about, ref SplitMix64 random) => $"What shape is the {Name(about.Color)} thing?";

    protected override string AskPosition(SceneObject about, ref SplitMix64 random) =>
        Pick([$"Where is the {Name(about.Shape)}?", $"Where is the {Name(about.Color)} {Name(about.Shape)}?"], ref random);

    protected override string AskSize(SceneObject about, ref SplitMix64 random) => $"Is the {Name(about.Shape)} large or small?";

    protected override string AskCount(SceneObject about, ref SplitMix64 random) =>
        $"How many {Name(about.Shape)}{(about.Shape == SceneShape.Cross ? "es" : "s")} are there?";

    protected override string AskDescription(ref SplitMix64 random) =>
        Pick<string>(["What is in the picture?", "Describe this image."], ref random);

    protected override string ColorAnswer(SceneColor color) => Sentence(Name(color));

    protected override string ShapeAnswer(SceneShape shape) => Sentence(Name(shape));

    protected override string PositionAnswer(int cell) => Sentence(Places[cell]);

    protected override string SizeAnswer(SceneSize size) => Sentence(Name(size));

    protected override string CountAnswer(int count) => Sentence(Numbers[count]);

    private static string TellColors(Scene scene) => $"Colors: {List(scene, o => Name(o.Color))}.";

    private static string TellShapes(Scene scene) => $"Shapes: {List(scene, o => Name(o.Shape))}.";

    private static string TellSizes(Scene scene) => $"Sizes: {List(scene, o => Name(o.Size))}.";

    private static string List(Scene scene, Func<SceneObject, string> name) =>
        string.Join(' ', SceneGrid.Cells(scene).Select(cell => cell is { } thing ? name(thing) : "none"));

    private static string Name(SceneColor color) => Colors[(int)color];

    private static string Name(SceneShape shape) => Shapes[(int)shape];

    private static string Name(SceneSize size) => Sizes[(int)size];

    private static string Sentence(string words) => char.ToUpperInvariant(words[0]) + words[1..] + ".";
}

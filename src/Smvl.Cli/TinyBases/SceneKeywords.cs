using System.Text;

namespace Smvl.Cli.TinyBases;

/// <summary>A scene as a list of words, some for each thing: 红色 圆形 左上角 大；蓝色 方形 右下角 小</summary>
internal static class SceneKeywords
{
    private static readonly string[] Fillers = ["有", "还有", "这里", "可以看到", "然后", "图中", "一个", "背景", "嗯", "再看", "这是", "空"];

    public static Told Tell(Scene scene, ref SplitMix64 random)
    {
        bool places = Chance.Is(0.8, ref random);
        var words = new ThingWords(
            Sizes: Chance.Is(0.75, ref random), places, Brief: Chance.Is(0.75, ref random) ? 0 : Chance.Of([0.3, 0.6, 1.0], ref random));
        bool ordered = Chance.Is(0.6, ref random);
        string inner = Chance.Of([" ", " ", "", "", "、", "，"], ref random);
        string outer = Chance.Of(["；", "，", "、", " ", "\n", "", "。"], ref random);

        // where nothing parts the things, each begins with the same kind of word
        bool sameOrder = Chance.Is(outer == inner ? 0.8 : 0.4, ref random);
        int[] order = Scene.Shuffled(words.All(scene.Objects[0], ref random).Length, ref random);

        // a repeated thing would be counted again, unless its place tells that it is the same
        int most = scene.Counted is null || places ? Chance.Of([1, 1, 2, 3, 4], ref random) : 1;
        bool together = Chance.Is(0.7, ref random);
        double filled = Chance.Is(0.2, ref random) ? 0.4 : 0;
        List<string> groups = [];
        List<string> again = [];
        foreach (SceneObject thing in SceneTelling.Order(scene, ordered, ref random))
        {
            int times = Chance.Within(1, most, ref random);
            for (int time = 0; time < times; time++)
            {
                string[] all = words.All(thing, ref random);
                string group = string.Join(inner, sameOrder ? order.Select(i => all[i]) : Chance.Shuffled(all, ref random));
                (together || time == 0 ? groups : again).Add(group);
            }
        }

        groups.AddRange(Chance.Shuffled(again, ref random));
        var text = new StringBuilder();
        foreach (string group in groups)
        {
            text.Append(text.Length > 0 ? outer : "");
            if (Chance.Is(filled, ref random))
            {
                text.Append(Chance.Of<string>(Fillers, ref random)).Append(inner);
            }

            text.Append(group);
        }

        if (Chance.Is(0.3, ref random))
        {
            text.Append('。');
        }

        return new Told(text.ToString(), words.Sizes, places, ordered);
    }
}

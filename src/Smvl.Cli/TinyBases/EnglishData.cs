using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary>What the English base is trained on, made from the sample data alone: scenes_en, colors_en, shapes_en and emoji_en.</summary>
internal static class EnglishData
{
    public const string Scenes = "scenes_en", Colors = "colors_en", Shapes = "shapes_en";

    /// <summary>What the English base is trained on.</summary>
    public const int DefaultScenes = 20_000, DefaultTestScenes = 300, DefaultColors = 30_000, DefaultShapes = 120_000, DefaultVariants = 40;

    private const ulong SceneStream = 1, SceneTestStream = 2, EmojiStream = 3, ShapeStream = 4, ColorStream = 5;

    /// <summary>Writes the subsets: scenes and emoji with a train and a test file, colors and shapes to train on only.</summary>
    /// <param name="samples">the folder of the sample data</param>
    /// <param name="output">made if it is not there; files of these names are replaced</param>
    /// <param name="scenes">rows of scenes_en's train file</param>
    /// <param name="testScenes">rows of its test file</param>
    /// <param name="colors">rows of colors_en's train file</param>
    /// <param name="shapes">rows of shapes_en's train file</param>
    /// <param name="variants">pictures of each emoji in emoji_en's train file</param>
    /// <param name="seed">of everything</param>
    /// <param name="parallel">makes the rows</param>
    /// <param name="log">a line for each file</param>
    public static void Write(string samples, string output, int scenes, int testScenes, int colors, int shapes, int variants, ulong seed, ParallelRows parallel, TextWriter log)
    {
        EmojiRows train = EmojiRows.Open(samples, EmojiTable.Train), test = EmojiRows.Open(samples, EmojiTable.Test);
        SamplePacker.WriteSplit(output, Scenes, EmojiTable.Train, parallel.Make(scenes, row => Scene(SceneStream, heldOut: false, row)), log);
        SamplePacker.WriteSplit(output, Scenes, EmojiTable.Test, parallel.Make(testScenes, row => Scene(SceneTestStream, heldOut: true, row)), log);
        ulong colorSeed = SplitMix64.Mix(seed + ColorStream), shapeSeed = SplitMix64.Mix(seed + ShapeStream);
        SamplePacker.WriteSplit(output, Colors, EmojiTable.Train, parallel.Make(colors, row => CrowdRows.Colors(Colors, colorSeed, row)), log);
        SamplePacker.WriteSplit(output, Shapes, EmojiTable.Train, parallel.Make(shapes, row => CrowdRows.Shapes(Shapes, shapeSeed, row)), log);
        ulong emojiSeed = SplitMix64.Mix(seed + EmojiStream);
        SamplePacker.WriteSplit(
            output, EmojiRows.Subset, EmojiTable.Train, parallel.Make(train.Count * variants, row => train.Vary(emojiSeed, row)), log);
        SamplePacker.WriteSplit(output, EmojiRows.Subset, EmojiTable.Test, parallel.Make(test.Count, test.Plain), log);

        CauldronRow Scene(ulong stream, bool heldOut, int row) => SceneRows.Make(Scenes, SceneQuestions.English, heldOut, SplitMix64.Mix(seed + stream), row);
    }
}

using System.Globalization;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;
using Smvl.Training;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// <c>smvl tiny-bases build</c>: both embedded bases and the demo's model from nothing but the sample data, as docs/tiny-bases.md tells.
/// What an earlier call finished is kept, and a training that was interrupted goes on, so that the same command continues.
/// </summary>
/// <param name="samples">the folder of the sample data</param>
/// <param name="configs">the folder of the trainings' configurations</param>
/// <param name="output">everything goes there; the three models under the names that samples/ has them under</param>
/// <param name="share">of the data and of every training's steps, 0 to 1: less than 1 tries the whole way in little time</param>
/// <param name="backend">trains</param>
/// <param name="threads">cores to draw random weights on</param>
/// <param name="log">lines for the user</param>
/// <param name="cancellation">stops behind a training's last whole step</param>
internal sealed class TinyBasesBuild(
    string samples, string configs, string output, double share, Backend backend, int threads, TextWriter log, CancellationToken cancellation)
{
    /// <summary>The bases' names, in samples/ too.</summary>
    public const string VisionName = "smolvlm-tiny-en", TextName = "qwen3-tiny-zh", DemoName = "demo-model";

    private const string EnglishPreset = "qwen3-tiny-en-linear", SeeingCourse = "seeing-course-en", EnglishDataName = "data-en", ChineseDataName = "data-zh", ByShapeDataName = "data-zh-by-shape", FirstChineseCourse = "first-course-zh", ByShapeCourse = "by-shape-course-zh";
    private const ulong DataSeed = 1;
    private const long EnglishSeed = 1, ChineseSeed = 2;

    // the tokenizer finds its merges in them
    private const int FewestDialogues = 4000;

    /// <summary>Which file of the configurations a model is trained with.</summary>
    private static readonly Dictionary<string, string> Configurations = new()
    {
        [SeeingCourse] = "tiny_en_train.yaml",
        [VisionName] = "tiny_en_telling_train.yaml",
        [FirstChineseCourse] = "tiny_zh_train.yaml",
        [ByShapeCourse] = "tiny_zh_by_shape_train.yaml",
        [TextName] = "tiny_zh_last_train.yaml",
        [DemoName] = "demo_train.yaml",
    };

    /// <summary>How tiny bases are spliced: the connector's rows begin about as large as the embeddings they stand among.</summary>
    public static SpliceOptions Splice(string vision, string text, string output, int threads) => new(vision, text, output)
    {
        Connector = ConnectorInitialization.Normal,
        Layout = ImageLayout.Qwen,   // pictures of one tile: the markers' rows, untrained as they are, keep the text model's bytes
        ConnectorDeviation = 0.001,
        Seed = EnglishSeed,
        Threads = threads,
    };

    /// <returns>whether it came to its end; false after an interruption</returns>
    public bool Run()
    {
        Directory.CreateDirectory(output);
        var parallel = new ParallelRows(threads, cancellation);
        int dialogues = Math.Max(FewestDialogues, Part(ChineseData.DefaultRows));
        Once(EnglishDataName, folder => EnglishData.Write(
            samples, folder, Part(EnglishData.DefaultScenes), EnglishData.DefaultTestScenes, Part(EnglishData.DefaultColors), Part(EnglishData.DefaultShapes),
            Part(EnglishData.DefaultVariants), DataSeed, parallel, log));
        Once(ChineseDataName, folder => ChineseData.Write(samples, folder, dialogues, TextDialogues.DefaultByShape, DataSeed, parallel, log));
        Once(ByShapeDataName, folder => ChineseData.Write(samples, folder, dialogues, TextDialogues.CourseByShape, DataSeed, parallel, log));
        Once("tokenizer-en", folder => TokenizerLearning.Learn(
            chinese: false, [Path.Combine(At(EnglishDataName), EnglishData.Scenes), Path.Combine(At(EnglishDataName), EmojiRows.Subset)],
            folder, log, cancellation));
        Once("tokenizer-zh", folder => TokenizerLearning.Learn(
            chinese: true, [Path.Combine(At(ChineseDataName), TextDialogues.Subset), Path.Combine(samples, SamplePacker.EmojiSubset)],
            folder, log, cancellation));

        Once("start-tower", folder => Initialize(VisionName, null, folder, EnglishSeed));
        Once("start-text-en", folder => Initialize(EnglishPreset, At("tokenizer-en"), folder, EnglishSeed));
        Once("start-en", folder => Splice("start-tower", "start-text-en", folder));
        Once("start-zh", folder => Initialize(TextName, At("tokenizer-zh"), folder, ChineseSeed));
        // the tower learns to see; then it stays as it is, and the decoder learns to tell the scenes, whose pairs of color and shape it must not know
        if (!Train(SeeingCourse, "start-en", At(EnglishDataName), splitting: true) || !Train(VisionName, SeeingCourse, At(EnglishDataName), splitting: true))
        {
            return false;
        }

        // looking up by shape does not form among all the other questions; alone it does, and then stays
        if (!Train(FirstChineseCourse, "start-zh", At(ChineseDataName), splitting: null)
            || !Train(ByShapeCourse, FirstChineseCourse, At(ByShapeDataName), splitting: null)
            || !Train(TextName, ByShapeCourse, At(ChineseDataName), splitting: null))
        {
            return false;
        }

        Once("spliced", folder => Splice(VisionName, TextName, folder));
        return Train(DemoName, "spliced", samples, splitting: null);
    }

    /// <summary>Trains with the configuration of this name, and writes the result in bfloat16.</summary>
    /// <param name="name">what is made</param>
    /// <param name="start">what it is made of</param>
    /// <param name="data">the folder of its data</param>
    /// <param name="splitting">whether the result cuts pictures into tiles; null as it was trained</param>
    private bool Train(string name, string start, string data, bool? splitting)
    {
        if (Directory.Exists(At(name)))
        {
            Once(name, _ => { });
            return true;
        }

        log.WriteLine($"{At(name)}: training");
        string run = At($"run-{name}");

        // what was cut off before its first checkpoint begins anew
        bool continues = Directory.Exists(run) && Directory.EnumerateDirectories(run, "checkpoint-*").Any();
        string[] keys =
        [
            Path.Combine(configs, Configurations[name]), "--model", At(start), "--data_dir", data, "--output_dir", run, "--overwrite_output_dir", continues ? "false" : "true",
        ];
        int steps = Part(TrainingArguments.FromCommandLine(keys).MaxSteps);
        TrainingArguments arguments = TrainingArguments.FromCommandLine([.. keys, "--max_steps", steps.ToString(CultureInfo.InvariantCulture)]);
        TrainingResult result = TrainingDisplay.Watch(log, display => TrainingRun.Run(arguments, backend, display, cancellation));
        if (result.Interrupted)
        {
            log.WriteLine($"interrupted behind step {result.Step}; the same command goes on from there");
            return false;
        }

        using ModelFolder trained = ModelFolder.OpenAny(arguments.OutputDir, backend, splitting: splitting);
        if (name == TextName)
        {
            log.WriteLine($"{At(name)}: a grid's words are sums of their parts now, {ReaderEmbeddings.Settle(trained, backend):P1} of the variance among them");
        }

        Once(name, folder =>
        {
            Directory.CreateDirectory(folder);
            trained.WriteAs(folder, DType.BF16, CheckpointWriter.DefaultShardBytes, cancellation: cancellation);
        });
        return true;
    }

    private int Part(int whole) => Math.Max(1, (int)(share * whole));

    private void Initialize(string preset, string? tokenizer, string folder, long seed) =>
        CheckpointInitializer.Initialize(new InitializeOptions(preset, folder, seed, tokenizer) { Threads = threads }, cancellation: cancellation);

    private void Splice(string vision, string text, string folder) =>
        Splicer.Splice(Splice(At(vision), At(text), folder, threads), cancellation: cancellation);

    /// <summary>A folder that an earlier call made stays; a new one gets its name when it is whole.</summary>
    private void Once(string name, Action<string> make)
    {
        if (Directory.Exists(At(name)))
        {
            log.WriteLine($"{At(name)}: kept");
            return;
        }

        string partial = At(name + ".partial");
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        make(partial);
        Directory.Move(partial, At(name));
        log.WriteLine($"{At(name)}: made");
    }

    private string At(string name) => Path.Combine(output, name);
}

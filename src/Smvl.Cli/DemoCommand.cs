using System.CommandLine;
using System.Globalization;
using Smvl.Data;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Text;
using Smvl.Training;

namespace Smvl.Cli;

/// <summary>
/// <c>smvl demo</c>: the main job on what the repository carries: splice two tiny checkpoints, train the connector, ask about a
/// picture that was held out.
/// </summary>
internal static class DemoCommand
{
    private const string Config = "configs/demo_train.yaml";
    private const int AnswerTokens = 24;

    public static Command Create()
    {
        var output = new Option<string>("--output") { Description = "where the demo works; what an earlier demo left there is replaced", DefaultValueFactory = _ => "demo" };
        var maxSteps = new Option<int?>("--max_steps") { Description = "fewer steps than configs/demo_train.yaml" };
        var threads = new ThreadsOption();
        var command = new Command("demo", "Splice two tiny models, train the connector on real pictures, answer about one: about half a minute.")
        {
            output, maxSteps, threads,
        };

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Run(
                parsed.GetRequiredValue(output), parsed.GetValue(maxSteps), threads.Read(parsed), parsed.InvocationConfiguration.Output, cancellation),
            cancellation));
        return command;
    }

    private static int Run(string output, int? maxSteps, int threads, TextWriter lines, CancellationToken cancellation)
    {
        string root = RepositoryRoot();
        string samples = Path.Combine(root, "samples");
        string spliced = Path.Combine(output, "spliced");
        lines.WriteLine("1. Splice: the vision tower of samples/smolvlm2-tiny onto samples/qwen3-tiny, with a new connector between them");
        RemoveEarlier(spliced);
        ModelConfig config = Splicer.Splice(
            new SpliceOptions(Path.Combine(samples, "smolvlm2-tiny"), Path.Combine(samples, "qwen3-tiny"), spliced) { Threads = threads }, cancellation: cancellation);
        lines.WriteLine($"   a tile of {config.Vision.ImageSize}x{config.Vision.ImageSize} pixels becomes {config.ImageSequenceLength} rows of width {config.Text.HiddenSize} among the text's tokens");

        lines.WriteLine("2. Train the connector, and nothing else, on emoji and photographs with Chinese questions");
        List<string> keys =
        [
            Path.Combine(root, Config), "--model", spliced, "--data_dir", Path.Combine(samples, "data"), "--output_dir", Path.Combine(output, "run"),
        ];
        if (maxSteps is { } steps)
        {
            keys.AddRange(["--max_steps", steps.ToString(CultureInfo.InvariantCulture)]);
        }

        TrainingArguments arguments = TrainingArguments.FromCommandLine(keys);
        using CpuBackend backend = new(threads);
        IReadOnlyList<double> losses = [];
        TrainingResult result = TrainingDisplay.Watch(lines, display =>
        {
            TrainingResult done = TrainingRun.Run(arguments, backend, display, cancellation);
            losses = display.Losses;
            return done;
        });
        if (result.Interrupted)
        {
            lines.WriteLine($"interrupted behind step {result.Step}");
            return CommandLineProgram.Interrupted;
        }

        lines.WriteLine("   the loss, step by step:");
        lines.WriteLine(LossChart.Draw(losses));

        lines.WriteLine("3. Ask about a picture that was held out");
        AskAboutHeldOut(arguments, backend, lines, cancellation);
        lines.WriteLine();
        lines.WriteLine("Both models have random weights: they were never trained, so the loss falls only a little, and the");
        lines.WriteLine("answer is not about the picture. With the published checkpoints:");
        lines.WriteLine("   smvl splice --vision SmolVLM2-256M-Video-Instruct --text Qwen3-0.6B --output model/spliced");
        lines.WriteLine("   smvl train configs/cocoqa_train.yaml --model model/spliced");
        lines.WriteLine("   smvl chat model/cocoqa --image dog.jpg 图中有什么动物？");
        return 0;
    }

    private static void AskAboutHeldOut(TrainingArguments arguments, CpuBackend backend, TextWriter lines, CancellationToken cancellation)
    {
        using ModelFolder model = ModelFolder.Open(arguments.OutputDir, backend);
        using CauldronDataset dataset = CauldronDataset.Open(arguments.DataDir, arguments.TrainData);
        int row = Split.Create(dataset.Count, arguments.EvalRows, (ulong)arguments.DataSeed).Eval[0];
        using CauldronSample sample = dataset.ReadSample(row);
        string picture = Path.Combine(arguments.OutputDir, "held_out.png");
        File.WriteAllBytes(picture, sample.Picture!.Memory.Span);

        using ChatSession session = new(model);
        Prompt prompt = session.Prepare(
            [new ChatMessage("user", ContentPart.Image, new ContentPart(sample.Turns[0].Question))],
            [ImageDecoder.DecodeFile(picture)],
            thinking: false);
        ChatAnswer answer = session.Answer(prompt, new SamplingOptions(), AnswerTokens, cancellation: cancellation);
        lines.WriteLine($"   picture   {picture}");
        lines.WriteLine($"   question  {sample.Turns[0].Question}");
        lines.WriteLine($"   expected  {sample.Turns[0].Answer}");
        string text = TerminalText.Printable(answer.Text.ReplaceLineEndings(" ")).Trim();
        lines.WriteLine($"   answer    {(text.Length > 0 ? text : "(nothing but white space)")}");
    }

    /// <summary>The demo's own folder of an earlier run; a folder of anything else stays, and the splice refuses it.</summary>
    private static void RemoveEarlier(string spliced)
    {
        if (File.Exists(Path.Combine(spliced, "config.json")) && File.Exists(Path.Combine(spliced, "model.safetensors")))
        {
            Directory.Delete(spliced, recursive: true);
        }
    }

    /// <summary>The folder with samples/ and configs/: above the program, or the current one.</summary>
    private static string RepositoryRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, Config)))
            {
                return folder;
            }
        }

        return File.Exists(Config)
            ? "."
            : throw new SmvlException("the demo's files are not there", Config, hint: "run it from a checkout of the repository");
    }
}

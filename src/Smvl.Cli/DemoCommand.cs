using System.CommandLine;
using System.Globalization;
using Smvl.Cli.Demo;
using Smvl.Cli.TinyBases;
using Smvl.Data;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Training;

namespace Smvl.Cli;

/// <summary>
/// <c>smvl demo</c>: the main job on what the repository carries: splice two tiny models, check the splice, train the connector, and tell
/// by held-out questions what the text model has learnt to see.
/// </summary>
internal static class DemoCommand
{
    /// <summary>Pictures in the report, and those of them that the terminal shows.</summary>
    private const int ReportExamples = 12, ScreenExamples = 6;

    /// <summary>Questions of a kind that are asked unless all are wanted: enough for a figure, few enough for a demo.</summary>
    private const int MostOfAKind = 100;

    /// <summary>Dialogues that the perplexity is taken over.</summary>
    private const int MostDialogues = 100;

    /// <summary>Kinds whose answers can be right in many wordings, or cannot be known from what was trained.</summary>
    private static readonly string[] LeftOut = ["describe", "name", "choice"];

    public static Command Create()
    {
        var output = new Option<string>("--output") { Description = "where the demo works; what an earlier demo left there is replaced", DefaultValueFactory = _ => "demo" };
        var maxSteps = new Option<int?>("--max_steps") { Description = "fewer steps than configs/demo_train.yaml" };
        var all = new Option<bool>("--all") { Description = $"ask every held-out question, not {MostOfAKind} of each kind, and those of the kinds {string.Join(", ", LeftOut)} too" };
        var device = new DeviceOption();
        var threads = new ThreadsOption();
        var command = new Command("demo", "Splice two tiny models, train the connector, and ask about held-out pictures: about a minute.")
        {
            output, maxSteps, all, device, threads,
        };

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Run(
                DemoFiles.Find(parsed.GetRequiredValue(output)), parsed.GetValue(maxSteps), parsed.GetValue(all), device.Open(parsed, threads), threads.Read(parsed),
                parsed.InvocationConfiguration.Output, cancellation),
            cancellation));
        return command;
    }

    private static int Run(DemoFiles files, int? maxSteps, bool all, Backend opened, int threads, TextWriter output, CancellationToken cancellation)
    {
        StageClock clock = new();
        DemoScreen screen = DemoScreen.For(output);
        using Backend backend = opened;

        screen.Begin(DemoText.SpliceHeading);
        files.RemoveEarlierSplice();
        ModelConfig config = clock.Time("splice", () => Splicer.Splice(
            TinyBasesBuild.Splice(files.Vision, files.Text, files.Spliced, threads), cancellation: cancellation));
        screen.Line(DemoText.Spliced(config));
        List<string> keys = Keys(files, maxSteps);
        IReadOnlyList<string> datasets = [.. TrainingArguments.FromCommandLine(keys).Datasets.Select(dataset => dataset.Name)];
        ScoredQuestion[] questions = Choose(files.HeldOutQuestions(datasets), all);
        (ScoredQuestion Asked, string File)[] examples = WriteExamples(files, questions);
        TrainingArguments arguments = TrainingArguments.FromCommandLine(
            [.. keys, "--sample_image", examples[0].File, "--sample_question", examples[0].Asked.Question]);

        screen.Begin(DemoText.CheckHeading);
        using ModelFolder spliced = ModelFolder.OpenAny(files.Spliced, backend, splitting: arguments.DoImageSplitting);
        IReadOnlyList<string> checks = clock.Time("check", () => SpliceCheck.Run(files, spliced, examples[0].Asked, examples[^1].Asked, cancellation));
        foreach (string line in checks)
        {
            screen.Tick(line);
        }

        screen.Begin(DemoText.BeforeHeading);
        AnswerAccuracy blind = clock.Time("asking blind", () => AnswerAccuracy.Score(spliced, questions, blind: true, cancellation));
        (AnswerAccuracy accuracy, double? gain, double? perplexity) before = clock.Time("asking before", () => Measure(files, arguments, spliced, questions, cancellation));
        screen.Line(DemoText.Scored(questions.Length, Share(before.accuracy)));

        screen.Begin(DemoText.TrainHeading);
        (TrainingResult trained, IReadOnlyList<double> losses) = clock.Time("training", () => TrainingDisplay.Watch(
            output, display => (TrainingRun.Run(arguments, backend, display, cancellation), display.Losses)));
        if (trained.Interrupted)
        {
            screen.Line($"interrupted behind step {trained.Step}");
            return CommandLineProgram.Interrupted;
        }

        screen.Begin(DemoText.AfterHeading);
        using ModelFolder model = ModelFolder.Open(files.Run, backend);
        (AnswerAccuracy accuracy, double? gain, double? perplexity) after = clock.Time("asking after", () => Measure(files, arguments, model, questions, cancellation));
        screen.Line(DemoText.Scored(questions.Length, Share(after.accuracy)));
        DemoExample[] answered = clock.Time("answering", () => examples.Select(example => DemoExample.Ask(model, example.Asked, example.File, cancellation)).ToArray());
        DemoResult result = new()
        {
            Config = config,
            Parameters = (model.Model.Parameters.Sum(p => p.Shape.Count), model.Model.Parameters.Single(p => p.Name == "connector.weight").Shape.Count),
            Checks = checks,
            Scores = ScoreRow.Of(before.accuracy, after.accuracy, blind),
            VisualGain = Pair(before.gain, after.gain),
            Perplexity = Pair(before.perplexity, after.perplexity),
            TextWeights = FrozenText(files, config),
            Losses = losses,
            Examples = answered,
            Configuration = arguments.ToYaml(),
            Threads = threads,
            Stages = clock.Stages,
            Seconds = clock.Total,
        };
        DemoReport.Write(files, result);
        Show(screen, files, result);
        return 0;
    }

    /// <summary>The first of each kind, in the files' order.</summary>
    private static ScoredQuestion[] Choose(IReadOnlyList<ScoredQuestion> heldOut, bool all) => all
        ? [.. heldOut]
        :
        [
            .. heldOut.Index().Where(question => !LeftOut.Contains(question.Item.KindName)).GroupBy(question => question.Item.Kind)
                .SelectMany(kind => kind.Take(MostOfAKind)).OrderBy(question => question.Index).Select(question => question.Item),
        ];

    private static List<string> Keys(DemoFiles files, int? maxSteps)
    {
        List<string> keys = [files.Config, "--model", files.Spliced, "--data_dir", files.Data, "--output_dir", files.Run];
        if (maxSteps is { } steps)
        {
            keys.AddRange(["--max_steps", steps.ToString(CultureInfo.InvariantCulture)]);
        }

        return keys;
    }

    /// <summary>Chooses what will be shown, and puts the pictures where <c>smvl chat</c> can be given them.</summary>
    private static (ScoredQuestion Asked, string File)[] WriteExamples(DemoFiles files, ScoredQuestion[] questions)
    {
        IReadOnlyList<ScoredQuestion> chosen = DemoExample.Choose(questions, ReportExamples);
        if (chosen.Count < 2)
        {
            throw new SmvlException("the demo has too few held-out pictures", files.Data, "at least 2", $"{chosen.Count}");
        }

        Directory.CreateDirectory(files.Pictures);
        return [.. chosen.Select((asked, i) => (asked, DemoExample.WritePicture(files.Pictures, (i + 1).ToString(CultureInfo.InvariantCulture), asked.Picture!)))];
    }

    private static (AnswerAccuracy Accuracy, double? Gain, double? Perplexity) Measure(
        DemoFiles files, TrainingArguments arguments, ModelFolder model, ScoredQuestion[] questions, CancellationToken cancellation)
    {
        AnswerAccuracy accuracy = AnswerAccuracy.Score(model, questions, cancellation: cancellation);
        using TrainingData data = TrainingData.Open(
            arguments, new SampleBuilder(model.Images, model.Prompts, arguments.SampleRules), model.Prompts.ImageTokenId);
        double? gain = Training.Evaluation.Run(model.Model, data, arguments.PerDeviceEvalBatchSize, data.Split.Eval.Length, cancellation).VisualGain?.Mean;
        if (files.Dialogues.Count == 0)
        {
            return (accuracy, gain, null);
        }

        using CauldronDataset dialogues = CauldronDataset.Open(files.Data, files.Dialogues);
        return (accuracy, gain, TextPerplexity.Of(model, dialogues, MostDialogues, cancellation));
    }

    /// <exception cref="SmvlException">training changed the text model</exception>
    private static WeightHash FrozenText(DemoFiles files, ModelConfig config)
    {
        WeightHash before = WeightHash.OfText(files.Spliced, config), after = WeightHash.OfText(files.Run, config);
        return before == after
            ? after
            : throw new SmvlException("training changed the text model, which was frozen", files.Run, before.Short, after.Short, "a fault of the program: please report it");
    }

    private static void Show(DemoScreen screen, DemoFiles files, DemoResult result)
    {
        screen.Scores(result.Scores);
        screen.Line(DemoText.ScoreNote);
        if (result.VisualGain is { } gain)
        {
            screen.Line(DemoText.VisualGain(gain));
        }

        if (result.Perplexity is { } perplexity)
        {
            screen.Line(DemoText.Perplexity(perplexity));
        }

        screen.Line(DemoText.Frozen(result.TextWeights));
        screen.Begin(DemoText.ExamplesHeading);
        screen.Examples([.. result.Examples.Take(ScreenExamples)]);
        screen.Line($"with more of them and the loss curve: {files.Report}");
        screen.Line(DemoText.Times(result.Stages, result.Seconds));
        screen.Begin(DemoText.ChatHeading);
        screen.Command(DemoText.ChatCommand(files, result.Examples[0]));
        screen.Begin(DemoText.NextHeading);
        foreach (string command in DemoText.NextCommands)
        {
            screen.Command(command);
        }
    }

    private static BeforeAfter? Pair(double? before, double? after) => before is { } first && after is { } second ? new BeforeAfter(first, second) : null;

    private static double Share(AnswerAccuracy accuracy) => accuracy.Correct.Count(right => right) / (double)accuracy.Correct.Count;
}

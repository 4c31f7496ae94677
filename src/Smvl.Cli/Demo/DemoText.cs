using System.Globalization;
using Smvl.Models;

namespace Smvl.Cli.Demo;

/// <summary>All that the demo says, on the terminal and in its report.</summary>
internal static class DemoText
{
    private const double Mebi = 1 << 20;

    public const string Title = "A text model learns to see";

    public const string Intro =
        $"The vision tower of {DemoFiles.VisionName} was spliced onto {DemoFiles.TextName}, a text model that has never seen a picture. Between them stands a new "
        + "connector, one matrix. Only the connector was trained; both models stayed as they were.";

    public const string SpliceHeading = $"Splice the vision tower of {DemoFiles.VisionName} onto {DemoFiles.TextName}, a text model that has never seen a picture";
    public const string CheckHeading = "Check the splice";
    public const string BeforeHeading = "Ask it held-out questions before it has learnt anything";
    public const string TrainHeading = "Train the connector, and nothing else";
    public const string AfterHeading = "Ask the same questions again";
    public const string ExamplesHeading = "Held-out pictures";

    public const string ScoreNote =
        "right answers, token for token; baseline: the better of the blind text model (same questions, no pictures) and always giving the most frequent answer";

    public const string NextHeading = "The same with the published checkpoints";
    public const string ChatHeading = "Ask it yourself, about your own picture too";

    public static IReadOnlyList<string> ScoreColumns { get; } = ["question kind", "questions", "before", "after", "blind", "most frequent", "baseline"];

    public static IReadOnlyList<string> NextCommands { get; } =
    [
        "smvl splice --vision SmolVLM2-256M-Video-Instruct --text Qwen3-0.6B --output model/spliced",
        "smvl train configs/cocoqa_train.yaml --model model/spliced",
        "smvl chat model/cocoqa --image dog.jpg 图中有什么动物？",
    ];

    public static string ChatCommand(DemoFiles files, DemoExample example) =>
        $"smvl chat {Quoted(files.Run)} --image {Quoted(example.File)} {Quoted(example.Asked.Question)}";

    public static string Spliced(ModelConfig config) => Invariant(
        $"a tile of {config.Vision.ImageSize}x{config.Vision.ImageSize} pixels becomes {config.ImageSequenceLength} rows of width {config.Text.HiddenSize} among the text's tokens");

    public static string WeightsKept(string part, string source, WeightHash weights) => Invariant(
        $"the {part}'s bytes are those of {source}: {weights.Tensors} tensors, {weights.Bytes / Mebi:F1} MiB, hash {weights.Short}");

    public static string RowsFit(int tiles, int rows, int tokens) => Invariant(
        $"a picture's rows fit their places: {tiles} {(tiles == 1 ? "tile" : "tiles")}, {rows} rows among {tokens} tokens");

    public static string PicturesMatter(float difference) => Invariant(
        $"a picture changes what follows: two pictures, one question, logits differ by up to {difference:0.0000}");

    public static string AnswersAsBefore(int tokens) => Invariant(
        $"without a picture it answers as the text model alone: {tokens} tokens, all equal");

    public static string TemplateRenders(int characters, int tokens) => Invariant(
        $"the chat template renders: {characters} characters, {tokens} tokens, and back");

    public static string Scored(int questions, double right) => Invariant($"{questions} questions, {100 * right:F1} % right");

    public static string VisualGain(BeforeAfter gain) => Invariant(
        $"visual_gain  {gain.Before:F4} before, {gain.After:F4} after: how much the held-out loss rises when pictures are shuffled among the questions");

    public static string Perplexity(BeforeAfter perplexity) => Invariant(
        $"perplexity   {perplexity.Before:F4} before, {perplexity.After:F4} after: of the text model on held-out Chinese dialogues");

    public static string Frozen(WeightHash weights) => Invariant(
        $"frozen       {weights.Tensors} tensors of the text model, byte for byte the same before and after: hash {weights.Short}");

    public static string Parameters((long All, long Connector) count) => Invariant(
        $"{count.All:N0} parameters in all, {count.Connector:N0} of them in the connector");

    public static string Times(IEnumerable<(string Name, double Seconds)> stages, double total) => Invariant(
        $"time: {string.Join(", ", stages.Select(stage => Invariant($"{stage.Name} {stage.Seconds:F1} s")))}; {total:F1} s in all");

    public static string Percent(double share) => Invariant($"{100 * share:F1} %");

    /// <summary>The cells under <see cref="ScoreColumns"/>.</summary>
    public static string[] Cells(ScoreRow row) =>
    [
        row.Kind, Invariant($"{row.Questions}"), Percent(row.Before), Percent(row.After), Percent(row.Blind), Percent(row.Majority), Percent(row.Baseline),
    ];

    public static string Given(DemoExample example) => example.Given.Length > 0 ? example.Given : "(nothing but white space)";

    private static string Quoted(string argument) => argument.AsSpan().ContainsAny(" \"'$`\\&|;<>()*?!~#") ? $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'" : argument;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

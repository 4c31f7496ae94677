using Smvl.Evaluation;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Tests.Evaluation;

/// <summary>Runs over small files with the tiny model: what is asked, what is kept, how a run goes on.</summary>
public sealed class EvaluationRunTests : IDisposable
{
    private const string Bad = "bad-picture.parquet";

    private readonly TemporaryFolder folder = new();
    private readonly CpuBackend backend = new(2);
    private readonly ModelFolder model;
    private readonly EvaluationTask task;

    public EvaluationRunTests()
    {
        model = ModelFolder.Open(Tests.Golden.Path("spliced"), backend);
        task = EvaluationTask.Find(folder.Write("t.yaml", "data: .\nimage: image\nprompt: \"{question}\"\nanswer: answer\nmetric: exact_match\nmax_new_tokens: 6\n"));
    }

    /// <summary>Many prompts at a time, with and without pictures, of one picture or another, say what each says alone.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(32)]
    public void AnswersAreThoseOfAChatWhateverTheBatch(int batchSize)
    {
        EvaluationTask many = task with { Text = "many", MaxNewTokens = 9 };
        EvaluationResult result = EvaluationRun.Run(model, Options(many, "pope.parquet") with { BatchSize = batchSize }, null, default);
        EvaluationResult others = EvaluationRun.Run(model, Options(many, "chartqa.parquet", "others") with { BatchSize = batchSize }, null, default);
        foreach ((EvaluationResult of, string file) in ((EvaluationResult, string)[])[(result, "pope.parquet"), (others, "chartqa.parquet")])
        {
            using TaskData source = TaskData.Open(many, Tests.Golden.Path("evaluation", file));
            EvaluationItem[] items = [.. source.Rows().SelectMany(read => read())];
            foreach ((EvaluationItem item, AnswerRecord record) in items.Zip(of.Records))
            {
                Assert.Equal(item.Prompt, record.Item.Prompt);
                Assert.Equal(Chat(item, item.Pictures), record.Answer);
                Assert.Equal(Chat(item, []), record.TextOnly);
            }
        }
    }

    [Fact]
    public void AnInterruptedRunContinuesAndEndsAlike()
    {
        EvaluationRun.Run(model, Options(task, "types.parquet", "whole") with { Task = Texts(), Limit = 12, BatchSize = 2 }, null, default);
        using CancellationTokenSource stop = new();
        EvaluationOptions options = Options(task, "types.parquet", "parts") with { Task = Texts(), Limit = 12, BatchSize = 2 };
        Assert.Throws<OperationCanceledException>(() => EvaluationRun.Run(model, options, done => Stop(done, stop), stop.Token));
        string answers = Path.Combine(options.Folder, "answers.jsonl");
        int kept = File.ReadAllLines(answers).Length;
        Assert.InRange(kept, 4, 11);

        // a line that the machine's end cut
        File.AppendAllText(answers, "{\"row\": 9, \"id\"");
        int first = 0;
        EvaluationRun.Run(model, options, done => first = first == 0 ? done : first, default);
        Assert.True(first > kept - 2, $"the run began anew: {first} answers behind its first batch");
        Assert.Equal(File.ReadAllText(folder["whole", "answers.jsonl"]), File.ReadAllText(answers));
    }

    [Fact]
    public void ABadRowStopsTheRunWithItsPlaceOrIsCounted()
    {
        string path = Tests.Golden.Path("evaluation", Bad);
        EvaluationOptions options = Options(task, Bad) with { BatchSize = 1 };
        string message = Assert.Throws<SmvlException>(() => EvaluationRun.Run(model, options, null, default)).Message;
        Assert.StartsWith($"{path}, row 1: ", message);
        Assert.Single(File.ReadAllLines(Path.Combine(options.Folder, "answers.jsonl")));

        EvaluationResult result = EvaluationRun.Run(model, options with { SkipBad = true }, null, default);
        Assert.Equal((2, 2), (result.Questions, result.Skipped));
        Assert.Contains($"{path}, row 2: column answer has no answer", result.Records[2].Problem);
        Assert.Contains("2 rows could not be used", EvaluationMarkdown.Of([result]));
        Assert.Equal(File.ReadLines(Path.Combine(options.Folder, "answers.jsonl")), result.Records.Select(record => record.ToJson()));
        Assert.Equal(result.Records.Select(record => record.ToJson()), result.Records.Select(record => AnswerRecord.Parse(record.ToJson()).ToJson()));
    }

    [Fact]
    public void AnotherRunsFolderIsRefused()
    {
        EvaluationOptions options = Options(task, "pope.parquet");
        EvaluationRun.Run(model, options, null, default);
        Assert.Contains("its model is another", Assert.Throws<SmvlException>(() => EvaluationRun.Run(model, options with { Model = "other 1" }, null, default)).Message);
        Assert.Contains("its limit is another (expected 1, actual all)", Assert.Throws<SmvlException>(() => EvaluationRun.Run(model, options with { Limit = 1 }, null, default)).Message);
        Assert.Equal(1, EvaluationRun.Run(model, options with { Limit = 1, Overwrite = true }, null, default).Questions);
    }

    /// <summary>Paired: the same questions, so that equal answers differ by nothing.</summary>
    [Fact]
    public void ComparingARunWithItselfSeesNoDifference()
    {
        EvaluationResult result = EvaluationRun.Run(model, Options(task, "pope.parquet"), null, default);
        ComparedFigure figure = TaskComparison.Of(result, result, seed: 0).Figures[0];
        Assert.Equal((0.0, 0.0, 0.0, ComparisonVerdict.NoDifference), (figure.Difference.Value, figure.Difference.Low, figure.Difference.High, figure.Verdict));
    }

    [Fact]
    public void AVerdictNeedsTheWholeInterval()
    {
        double[] worse = [.. Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? 1.0 : 0)], better = [.. Enumerable.Range(0, 60).Select(i => i % 3 < 2 ? 1.0 : 0)];
        ComparedFigure Compare(double[] a, double[] b, bool lowerIsBetter) =>
            ComparedFigure.Of("x", a.Length, chosen => chosen.Average(i => a[i]), chosen => chosen.Average(i => b[i]), 100, lowerIsBetter, seed: 0);
        Assert.Equal(ComparisonVerdict.Better, Compare(worse, better, false).Verdict);
        Assert.Equal(ComparisonVerdict.Worse, Compare(better, worse, false).Verdict);
        Assert.Equal(ComparisonVerdict.Worse, Compare(worse, better, true).Verdict);
        Assert.Equal(ComparisonVerdict.NoDifference, Compare(worse, [.. worse.Reverse()], false).Verdict);
    }

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
        folder.Dispose();
    }

    private static void Stop(int done, CancellationTokenSource stop)
    {
        if (done >= 6)
        {
            stop.Cancel();
        }
    }

    private EvaluationTask Texts() => task with { Images = [], Prompt = "{required}", Answer = "number" };

    private EvaluationOptions Options(EvaluationTask of, string file, string run = "run") =>
        new(of) { Data = Tests.Golden.Path("evaluation", file), Folder = folder[run], Model = "tiny 1" };

    private string Chat(EvaluationItem item, IReadOnlyList<ReadOnlyMemory<byte>> files)
    {
        using ChatSession session = new(model);
        RgbImage[] pictures = [.. files.Select(file => ImageDecoder.Decode(file.Span, item.Where))];
        Prompt prompt = session.Prepare([new ChatMessage("user", [.. pictures.Select(_ => ContentPart.Image), new ContentPart(item.Prompt)])], pictures, thinking: false);
        return session.Answer(prompt, new SamplingOptions(), 9).Text;
    }
}

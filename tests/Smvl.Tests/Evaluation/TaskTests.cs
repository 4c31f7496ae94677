using System.Text.RegularExpressions;
using Smvl.Evaluation;

namespace Smvl.Tests.Evaluation;

/// <summary>Task files: those that are shipped read the benchmarks' files, and mistakes are told with file and row.</summary>
public sealed partial class TaskTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void EveryShippedTaskSaysWhereItIsFrom()
    {
        Assert.Equal(
            ["ai2d", "cauldron", "ccbench", "chartqa", "docvqa", "infovqa", "mmbench", "mmbench_cn", "mme", "mmmu", "mmstar", "ocrbench", "pope", "scienceqa", "textvqa"],
            EvaluationTask.Names);
        Assert.All(EvaluationTask.Names.Where(name => name != "cauldron"), name =>
        {
            Assert.Equal(name, EvaluationTask.Find(name).Name);
            Assert.Matches(Citation(), EvaluationTask.ShippedText(name));
        });
    }

    [Fact]
    public void EveryKeyAndMetricIsDocumented()
    {
        string text = File.ReadAllText(Path.Combine(Tests.Golden.Root, "docs", "evaluation.md"));
        Assert.All(TaskKeys.Names.Concat(Metric.Names), name => Assert.Contains($"| `{name}` |", text));
    }

    /// <summary>What lmms-eval's doc_to_text and doc_to_target make of the same rows.</summary>
    [Theory]
    [InlineData("chartqa", 0, "How many bars?\nAnswer the question with a single word.", "4", 1)]
    [InlineData("ai2d", 0, "Which is red?\nA. this\nB. that\nC. none\nAnswer with the option's letter from the given choices directly.", "A", 1)]
    [InlineData("ai2d", 1, "Which is green?\nA. this\nB. that\nAnswer with the option's letter from the given choices directly.", "B", 1)]
    [InlineData("textvqa", 0, "What is the brand?\nAnswer the question using a single word or phrase.", "nokia|nokia|nokia|nokia|nokia|nokia|nokia|nokia|toshiba|nokia ", 1)]
    [InlineData("docvqa", 0, "What is the name?\nAnswer the question using a single word or phrase.", "ITC Limited|itc limited", 1)]
    [InlineData("scienceqa", 0, "Context: A map.\nWhich?\nA. north\nB. south\nAnswer with the option's letter from the given choices directly.", "B", 1)]
    [InlineData("scienceqa", 1, "Why?\nA. a\nB. b\nC. c\nAnswer with the option's letter from the given choices directly.", "A", 0)]
    [InlineData("mmstar", 0, "Which color?\nOptions: A: red, B: green, C: blue, D: none\nAnswer with the option's letter from the given choices directly", "A", 1)]
    [InlineData("mmmu", 0, "<image 1> Which?\nA. red\nB. it's blue\n\nAnswer with the option's letter from the given choices directly.", "B", 2)]
    [InlineData("mmmu", 1, "How many in <image 1>?\n\nAnswer the question using a single word or phrase.", "12|twelve", 1)]
    [InlineData("ocrbench", 0, "what is written in the image?", "CENTRE", 1)]
    [InlineData("pope", 1, "Is there a dog in the image?\nAnswer the question using a single word or phrase.", "no", 1)]
    [InlineData("mme", 0, "Is it red?\nAnswer the question using a single word or phrase.", "Yes", 1)]
    public void AShippedTaskReadsItsBenchmarksRows(string name, int row, string prompt, string expected, int pictures)
    {
        EvaluationItem item = Items(EvaluationTask.Find(name), Tests.Golden.Path("evaluation", $"{name}.parquet"))[row];
        Assert.Equal(prompt, item.Prompt);
        Assert.Equal(expected, string.Join('|', item.Expected));
        Assert.Equal(pictures, item.Pictures.Count);
        Assert.All(item.Pictures, picture => Assert.Equal(0x89, picture.Span[0]));
    }

    [Fact]
    public void MmbenchTakesPicturesOfOtherRowsAndGroupsRotations()
    {
        string picture = Convert.ToBase64String(new byte[90]);
        folder.Write("MMBench_DEV_CN.tsv",
            "index\tquestion\thint\tA\tB\tC\tD\tanswer\tcategory\timage\n"
            + $"3\t\"哪个\t是\"\"红\"\"？\"\t看图\t红\t蓝\t\t\tA\tcolor\t{picture}\r\n"
            + "1000003\t哪个？\t\t蓝\t红\t\t\tB\tcolor\t3\n");
        IReadOnlyList<EvaluationItem> items = Items(EvaluationTask.Find("mmbench_cn"), folder.Path);
        Assert.Equal("看图 哪个\t是\"红\"？ There are several options:\nA. 红\nB. 蓝\n\n请直接使用所提供的选项字母作为答案回答。", items[0].Prompt);
        Assert.StartsWith("哪个？ There", items[1].Prompt);
        Assert.Equal(items[0].Group, items[1].Group);
        Assert.Equal(["B"], items[1].Expected);
        Assert.Equal(90, Assert.Single(items[1].Pictures).Length);
    }

    [Fact]
    public void RotationsMoveTheRightLetter()
    {
        folder.Write("t.tsv", "question\tA\tB\tC\tanswer\nWhich?\tred\tblue\tpink\tC\n");
        EvaluationTask task = EvaluationTask.Find(Task("choices: [A, B, C]\ncircular: rotate\nmetric: choice_inferred\nprompt: \"{question}\\n{options}\"\nanswer: answer"));
        EvaluationItem[] items = [.. Items(task, null)];
        Assert.Equal(["C", "A", "B"], items.Select(item => item.Expected[0]));
        Assert.All(items, item => Assert.Equal("pink", item.Choices[item.Expected[0]]));
        Assert.Single(items.Select(item => item.Group).Distinct());
    }

    [Fact]
    public void AFlatParquetFileIsReadWhateverItsTypes()
    {
        string[] columns = ["required", "number", "share", "single", "words", "maybe"];
        List<IDisposable> opened = [];
        TaskRow[] rows = [.. ParquetRows.Read(Tests.Golden.Path("evaluation", "types.parquet"), columns, opened)];
        using IDisposable file = Assert.Single(opened);
        for (int i = 0; i < 300; i++)
        {
            TaskRow row = rows[i];
            Assert.Equal([$"r{i}"], row.Texts("required"));
            Assert.Equal([$"{i - 2}"], row.Texts("number"));
            Assert.Equal([FormattableString.Invariant($"{i / 4.0}")], row.Texts("share"));
            Assert.Equal([FormattableString.Invariant($"{i / 2.0f}")], row.Texts("single"));
            Assert.Equal(i == 2 ? null : i == 1 ? [] : [.. Enumerable.Repeat("a", i)], row.Texts("words"));
            Assert.Equal(i % 2 == 1 ? null : [$"m{i}"], row.Texts("maybe"));
        }

        Assert.Equal(300, rows.Length);
    }

    [Theory]
    [InlineData("metric: anls\nprompt: \"{question}\"\nanswer: answer\nanswers: x", "t.yaml:5: unknown key answers; did you mean answer?")]
    [InlineData("metric: anlss\nprompt: \"{question}\"\nanswer: answer", "t.yaml:2: the value does not fit its key (expected one of exact_match")]
    [InlineData("metric: anls\nanswer: answer", "t.yaml: the task has no prompt")]
    [InlineData("metric: choice\nprompt: \"{question}\"\nanswer: answer", "t.yaml: metric choice needs choices")]
    [InlineData("metric: anls\nprompt: \"{question|shout}\"\nanswer: answer", "t.yaml: the prompt has a brace")]
    [InlineData("metric: anls\nprompt: \"{question\"\nanswer: answer", "t.yaml: the prompt has a brace")]
    [InlineData("metric: anls\nprompt: \"{options}\"\nanswer: answer", "t.yaml: the prompt has {options}, and the task has no choices")]
    [InlineData("metric: anls\nprompt: \"{question}\"\nanswer: answer\nmax_new_tokens: 0", "t.yaml:5: the value does not fit its key (expected an integer from 1 on, actual '0')")]
    public void AMistakeInATaskFileIsToldWithItsLine(string lines, string message) =>
        Assert.Contains(message, Assert.Throws<SmvlException>(() => EvaluationTask.Find(Task(lines))).Message);

    [Theory]
    [InlineData("question\tanswer\nWhich?\n", "t.tsv, row 0: the row has another number of values than the header (expected 2, actual 1)")]
    [InlineData("question\tanswer\na\tb\nWhich?\t\n", "t.tsv, row 1: column answer has no answer")]
    [InlineData("question\nWhich?\n", "t.tsv: column answer is missing, the file has question")]
    [InlineData("question\tanswer\n\"Which?\tx\n", "t.tsv, the row at byte 16: a quote is never closed")]
    [InlineData("", "t.tsv: the file is empty")]
    public void AMistakeInARowIsToldWithItsPlace(string tsv, string message)
    {
        folder.Write("t.tsv", tsv);
        EvaluationTask task = EvaluationTask.Find(Task("metric: anls\nprompt: \"{question}\"\nanswer: answer"));
        Assert.Contains(message, Assert.Throws<SmvlException>(() => Items(task, null)).Message);
    }

    [Fact]
    public void MissingDataSaysHowToFetchIt()
    {
        SmvlException error = Assert.Throws<SmvlException>(() => Items(EvaluationTask.Find("chartqa"), folder["nothing"]));
        Assert.Contains("smvl download --dataset lmms-lab-encoder/ChartQA --local_dir data/ChartQA", error.Message);
        Assert.Contains("did you mean chartqa?", Assert.Throws<SmvlException>(() => EvaluationTask.Find("chartaq")).Message);
    }

    [Fact]
    public void AMissingParquetColumnNamesTheFile()
    {
        string file = Tests.Golden.Path("evaluation", "chartqa.parquet");
        Assert.Contains($"{file}: column options is missing, the file has type, question, answer, image", Assert.Throws<SmvlException>(() => Items(EvaluationTask.Find("ai2d"), file)).Message);
        Assert.Contains("column flag holds no strings", Assert.Throws<SmvlException>(() => ParquetRows.Read(Tests.Golden.Path("evaluation", "types.parquet"), ["flag"], []).First()).Message);
    }

    [Theory]
    [InlineData("['a', \"b's\", 3]", "a|b's|3"), InlineData("[]", ""), InlineData("['it\\'s']", "it's"), InlineData("['a' 'b']", null), InlineData("a", null), InlineData("['a", null)]
    public void PythonsListsAreRead(string text, string? items) => Assert.Equal(items, PythonList.TryParse(text) is { } found ? string.Join('|', found) : null);

    public void Dispose() => folder.Dispose();

    private static IReadOnlyList<EvaluationItem> Items(EvaluationTask task, string? data)
    {
        using TaskData source = TaskData.Open(task, data);
        return [.. source.Rows().SelectMany(read => read())];
    }

    private string Task(string lines) => folder.Write("t.yaml", $"data: t.tsv\n{lines}\n");

    [GeneratedRegex(@"/[\w/.]+,? .*at [0-9a-f]{40}")]
    private static partial Regex Citation();
}

using System.Globalization;
using Smvl.Data;
using Smvl.Hubs;

namespace Smvl.Evaluation;

/// <summary>A task's questions, read from its files row by row, as often as they are asked for. Rows are read as long as this is open.</summary>
internal sealed class TaskData : IDisposable
{
    private const string Parquet = ".parquet", Tsv = ".tsv";

    /// <summary>Rotations of a question have numbers that differ by multiples of this.</summary>
    private const long RotationStep = 1_000_000;

    private readonly EvaluationTask task;
    private readonly string[] files;
    private readonly List<IDisposable> opened = [];

    private TaskData(EvaluationTask task, string root, string[] files)
    {
        this.task = task;
        Root = root;
        this.files = files;
    }

    /// <summary>The folder or file that the rows come from.</summary>
    public string Root { get; }

    /// <param name="task">whose data</param>
    /// <param name="data">another place for it; null for the task's own</param>
    /// <exception cref="SmvlException">there are no such files</exception>
    public static TaskData Open(EvaluationTask task, string? data)
    {
        string root = data ?? (task.Folder is { } folder ? Path.Combine(folder, task.Data) : task.Data);
        string hint = task.Dataset is { } dataset ? $"fetch it with: smvl download --dataset {dataset} --local_dir {task.Data}; or name its place with --data"
            : task.Url is { } url ? $"fetch {url} into that folder; or name its place with --data" : "mend the task's data, or name the place with --data";
        if (File.Exists(root))
        {
            return new TaskData(task, root, [Known(root) ? root : throw new SmvlException("neither a .parquet nor a .tsv file", root)]);
        }

        FileGlob glob = new(task.Files);
        string[] found = !Directory.Exists(root) ? [] :
        [
            .. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Where(file => Known(file) && glob.Matches(Path.GetRelativePath(root, file).Replace('\\', '/'))).Order(StringComparer.Ordinal),
        ];
        return found.Length > 0
            ? new TaskData(task, root, found)
            : throw new SmvlException($"the data of task {task.Name} is not there", root, $"files {task.Files} ({Parquet}, {Tsv})", hint: hint);

        static bool Known(string file) => file.EndsWith(Parquet, StringComparison.Ordinal) || file.EndsWith(Tsv, StringComparison.Ordinal);
    }

    /// <summary>
    /// The rows in order, each as what reads its questions: it throws where the row is bad, naming file and row, and the rows behind it can
    /// still be read.
    /// </summary>
    /// <exception cref="SmvlException">a file or a column is missing</exception>
    public IEnumerable<Func<IReadOnlyList<EvaluationItem>>> Rows() => task.Format == TaskFormat.Cauldron ? CauldronRows() : ColumnRows();

    public void Dispose()
    {
        opened.ForEach(file => file.Dispose());
        opened.Clear();
    }

    private IEnumerable<Func<IReadOnlyList<EvaluationItem>>> ColumnRows()
    {
        string[] columns =
        [
            .. new[] { task.Answer, task.Id, task.Category, task.Group, task.Kind }.OfType<string>().Concat(task.Images).Concat(task.Choices)
                .Concat(TaskPrompt.Columns(task)).Distinct(),
        ];
        int number = 0;
        foreach (string file in files)
        {
            foreach (TaskRow row in file.EndsWith(Tsv, StringComparison.Ordinal) ? TsvRows.Read(file, columns) : ParquetRows.Read(file, columns, opened))
            {
                int mine = number++;
                yield return () => Read(row, mine);
            }
        }
    }

    private IEnumerable<Func<IReadOnlyList<EvaluationItem>>> CauldronRows()
    {
        CauldronDataset dataset = CauldronDataset.Open("", Root);
        opened.Add(dataset);
        int[] rows = Split.Create([.. Enumerable.Range(0, dataset.Count)], task.EvalRows, (ulong)task.DataSeed).Eval;
        if (rows.Length == 0)
        {
            throw new SmvlException("no row is held out", Root, "at least 10 rows, of which training leaves out a tenth at most", $"{dataset.Count}");
        }

        foreach (int index in rows)
        {
            yield return () => Read(dataset, index);
        }
    }

    private List<EvaluationItem> Read(CauldronDataset dataset, int index)
    {
        CauldronRow row = dataset.ReadRow(index);
        RowLocation at = dataset.Locate(index);
        string where = $"{at.File}, row {at.Row}";
        ReadOnlyMemory<byte>[] pictures = [.. (row.Images ?? []).Take(1).Select(image => (ReadOnlyMemory<byte>)(image?.Bytes ?? throw Bad("the row's picture is null")))];
        return
        [
            .. (row.Texts ?? throw Bad("the row has no text")).Select((turn, number) => turn is { User: { } question, Assistant: { } answer }
                ? new EvaluationItem(
                    index, where, $"{index}.{number}", question, pictures, [answer.Trim()], Choices([]), turn.Source ?? "", $"{index}.{number}", "")
                : throw Bad("a turn lacks its question or its answer")),
        ];

        SmvlException Bad(string what) => new(what, where, hint: "mend the row, or count and leave out such rows with --skip-bad");
    }

    private IReadOnlyList<EvaluationItem> Read(TaskRow row, int number)
    {
        string id = Optional(row, task.Id) is { Length: > 0 } own ? own : number.ToString(CultureInfo.InvariantCulture);
        List<string> texts = ChoiceTexts(row);
        IReadOnlyList<string> expected = Expected(row, texts.Count);
        ReadOnlyMemory<byte>[] pictures = [.. task.Images.SelectMany(row.Pictures)];
        string category = Optional(row, task.Category), kind = Optional(row, task.Kind);
        string group = task.Group is null ? id : $"{category}\t{Optional(row, task.Group)}";
        if (task.Circular == Circular.File)
        {
            group = long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long index)
                ? (index % RotationStep).ToString(CultureInfo.InvariantCulture)
                : throw row.Bad("circular evaluation finds rotations by their numbers", $"a number in column {task.Id}", $"'{id}'");
        }

        int rotations = task.Circular == Circular.Rotate ? Math.Max(1, texts.Count) : 1;
        return [.. Enumerable.Range(0, rotations).Select(Rotated)];

        EvaluationItem Rotated(int by)
        {
            // the text at place p moves to place p + by, and the right letter with it
            string[] turned = [.. Enumerable.Range(0, texts.Count).Select(place => texts[(place - by + texts.Count) % texts.Count])];
            IReadOnlyList<string> right = by == 0 ? expected : [.. expected.Select(letter => EvaluationItem.Letter((letter[0] - 'A' + by) % texts.Count))];
            Dictionary<string, string> choices = Choices(turned);
            string template = choices.Count == 0 && task.OpenPrompt.Length > 0 ? task.OpenPrompt : task.Prompt;
            string prompt = TaskPrompt.Render(template, column => Optional(row, column), choices);
            if (choices.Count == 0)
            {
                choices = task.Letters.ToDictionary(letter => letter.ToString(), _ => "", StringComparer.Ordinal);
            }

            return new EvaluationItem(
                number, row.Where, by == 0 ? id : $"{id}+{by}", prompt, pictures, right, choices, category, rotations > 1 ? id : group, kind);
        }
    }

    private List<string> ChoiceTexts(TaskRow row)
    {
        if (task.Choices.Count == 0)
        {
            return [];
        }

        if (task.Choices is not [var column])
        {
            // a column each; those at the end may be empty
            return [.. task.Choices.Select(name => Optional(row, name)).Reverse().SkipWhile(text => text.Length == 0).Reverse()];
        }

        IReadOnlyList<string> values = row.Texts(column) ?? [];
        return row.IsList(column) ? [.. values]
            : values is [var text] ? [.. PythonList.TryParse(text) ?? throw row.Bad($"column {column} holds no list", "['...', '...']", $"'{text}'")] : [];
    }

    private IReadOnlyList<string> Expected(TaskRow row, int choices)
    {
        IReadOnlyList<string> values = row.Texts(task.Answer) is { Count: > 0 } found ? found : throw row.Bad($"column {task.Answer} has no answer");
        if (task.AnswerKind == AnswerKind.Literal && values is [var literal] && PythonList.TryParse(literal) is { Count: > 0 } items)
        {
            return items;
        }

        if (task.AnswerKind == AnswerKind.Index)
        {
            return int.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out int place) && place < choices
                ? [EvaluationItem.Letter(place)]
                : throw row.Bad($"column {task.Answer} is no choice's place", $"0 to {choices - 1}", $"'{values[0]}'");
        }

        if (Metric.NeedsChoices(task.Metric) && !(values is [{ Length: 1 } letter] && letter[0] >= 'A' && letter[0] < 'A' + Math.Max(choices, task.Letters.Length)))
        {
            throw row.Bad($"column {task.Answer} is no choice's letter", $"A to {EvaluationItem.Letter(Math.Max(choices, task.Letters.Length) - 1)}", $"'{values[0]}'");
        }

        return values;
    }

    private static string Optional(TaskRow row, string? column)
    {
        string text = column is null ? "" : row.Texts(column) is { Count: > 0 } values ? string.Join(", ", values) : "";
        return text == "nan" ? "" : text;
    }

    private static Dictionary<string, string> Choices(IReadOnlyList<string> texts) =>
        texts.Select((text, place) => (EvaluationItem.Letter(place), text)).ToDictionary(choice => choice.Item1, choice => choice.text, StringComparer.Ordinal);
}

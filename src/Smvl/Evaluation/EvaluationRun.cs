using System.Diagnostics;
using System.IO.Hashing;
using System.Text;
using Smvl.Data;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Evaluation;

/// <summary>What is asked, and how.</summary>
public sealed record EvaluationOptions(EvaluationTask Task)
{
    public const int DefaultBatchSize = 32;

    /// <summary>Another place for the task's data.</summary>
    public string? Data { get; init; }

    /// <summary>Folder of the run: its answers and its results.</summary>
    public required string Folder { get; init; }

    /// <summary>What the model is called, and what tells it from others: <see cref="EvaluationRun.Identify"/>.</summary>
    public required string Model { get; init; }

    /// <summary>The first so many rows; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Most questions answered at a time; no answer depends on it.</summary>
    public int BatchSize { get; init; } = DefaultBatchSize;

    /// <summary>Whether rows that cannot be used are counted and left out.</summary>
    public bool SkipBad { get; init; }

    /// <summary>Whether the same questions are asked without their pictures too.</summary>
    public bool TextOnly { get; init; } = true;

    /// <summary>Whether an earlier run in the folder is removed.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Of the intervals.</summary>
    public ulong Seed { get; init; }
}

/// <summary>Asks a model a task's questions, many at a time, and scores the answers. An interrupted run continues with the next call.</summary>
public static class EvaluationRun
{
    /// <summary>Tokens of a batch, answers included: a full-size model keeps 230 KB of each.</summary>
    private const int TokensAtOnce = 6144;

    /// <summary>What tells a model's files from others: names, lengths and times of its weights and settings.</summary>
    /// <param name="path">a folder, or a .gguf file</param>
    public static string Identify(string path)
    {
        IEnumerable<string> files = File.Exists(path) ? [path]
            : Directory.EnumerateFiles(path).Where(file => Path.GetExtension(file) is ".safetensors" or ".json" or ".jinja" or ".txt").Order(StringComparer.Ordinal);
        string all = string.Join('\n', files.Select(file => new FileInfo(file)).Select(file => $"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}"));
        return $"{Path.GetFileName(Path.GetFullPath(path).TrimEnd(Path.DirectorySeparatorChar))} {XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(all)):x16}";
    }

    /// <param name="model">who is asked</param>
    /// <param name="options">what is asked</param>
    /// <param name="progress">gets the number of questions answered</param>
    /// <param name="cancellation">heard between blocks; what was answered is kept</param>
    /// <exception cref="SmvlException">data missing, a row that cannot be used and is not to be skipped, or another run's folder</exception>
    public static EvaluationResult Run(IChatModel model, EvaluationOptions options, Action<int>? progress, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        using TaskData data = TaskData.Open(options.Task, options.Data);
        using AnswerFile file = AnswerFile.Open(options.Folder, Identity(options, data), options.Overwrite);
        Ask(model, options, data, file, progress, cancellation);
        EvaluationResult result = EvaluationResult.Of(options.Task, options.Model.Split(' ')[0], file.Records, options.Seed, Stopwatch.GetElapsedTime(started).TotalSeconds);
        file.Replace(result.Records);
        return result;
    }

    private static (string Name, string Value)[] Identity(EvaluationOptions options, TaskData data) =>
    [
        ("task", options.Task.Name),
        ("task_hash", XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(options.Task.Text)).ToString("x16", null)),
        ("data", Path.GetFullPath(data.Root)),
        ("model", options.Model),
        ("limit", options.Limit?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "all"),
        ("text_only", options.TextOnly ? "yes" : "no"),
    ];

    private static void Ask(
        IChatModel model, EvaluationOptions options, TaskData data, AnswerFile file, Action<int>? progress, CancellationToken cancellation)
    {
        var batch = new List<PreparedRow>();
        int most = Math.Max(2, 2 * Environment.ProcessorCount), done = file.Rows;
        IEnumerable<(int Index, Func<IReadOnlyList<EvaluationItem>> Item)> rows = data.Rows().Index();
        rows = options.Limit is { } limit ? rows.Take(limit) : rows;
        try
        {
            foreach (PreparedRow row in Prefetch.InOrder(rows.Skip(done), row => Prepare(model, options, row.Item, row.Index), ahead: 2, most))
            {
                if (row.Problem is { } problem && !options.SkipBad)
                {
                    Answer();
                    throw problem;
                }

                if (batch.Count > 0 && (batch.Sum(other => other.Items.Count) + row.Items.Count > options.BatchSize || batch.Sum(other => other.Tokens) + row.Tokens > TokensAtOnce))
                {
                    Answer();
                }

                batch.Add(row);
            }

            Answer();
        }
        finally
        {
            file.Flush();
        }

        void Answer()
        {
            cancellation.ThrowIfCancellationRequested();
            PreparedItem[] items = [.. batch.SelectMany(row => row.Items)];
            string[] answers = Answers(model, items, options.Task.MaxNewTokens, cancellation);
            string[] textOnly = options.TextOnly ? TextOnly(model, items, answers, options.Task.MaxNewTokens, cancellation) : [];
            int at = 0;
            foreach (PreparedRow row in batch)
            {
                int first = at;
                at += row.Items.Count;
                file.Add(row.Problem is { } problem
                    ? [AnswerRecord.Bad(row.Number, problem.Where ?? "", problem.Message)]
                    : row.Items.Select((item, i) => new AnswerRecord(
                        item.Item with { Row = row.Number, Pictures = [] }, item.Pictures.Count, answers[first + i], options.TextOnly ? textOnly[first + i] : null, null)));
            }

            file.Flush();
            batch.Clear();
            progress?.Invoke(file.Records.Count);
        }
    }

    private static string[] Answers(IChatModel model, PreparedItem[] items, int maxNewTokens, CancellationToken cancellation)
    {
        if (items.Length == 0)
        {
            return [];
        }

        // a picture that several questions share goes through the tower once
        var pictures = new List<ReadOnlyMemory<byte>>();
        var places = new Dictionary<UInt128, int>();
        int Place(ReadOnlyMemory<byte> tiles)
        {
            if (places.TryAdd(PictureRows.KeyOf(tiles.Span), pictures.Count))
            {
                pictures.Add(tiles);
            }

            return places[PictureRows.KeyOf(tiles.Span)];
        }

        BatchPrompt[] prompts = [.. items.Select(item => new BatchPrompt(item.Ids, [.. item.Pictures.Select(picture => Place(picture.Tiles))]))];
        return BatchGenerator.Answer(model, pictures, prompts, maxNewTokens, cancellation);
    }

    /// <summary>Questions that had no picture were asked so already.</summary>
    private static string[] TextOnly(IChatModel model, PreparedItem[] items, string[] answers, int maxNewTokens, CancellationToken cancellation)
    {
        int[] seeing = [.. Enumerable.Range(0, items.Length).Where(i => items[i].Pictures.Count > 0)];
        string[] result = [.. answers];
        string[] blind = Answers(model, [.. seeing.Select(i => items[i] with { Ids = items[i].TextIds, Pictures = [] })], maxNewTokens, cancellation);
        for (int i = 0; i < seeing.Length; i++)
        {
            result[seeing[i]] = blind[i];
        }

        return result;
    }

    private static PreparedRow Prepare(IChatModel model, EvaluationOptions options, Func<IReadOnlyList<EvaluationItem>> read, int number)
    {
        try
        {
            PreparedItem[] items = [.. read().Select(item => Prepare(model, options.Task, item))];
            return new PreparedRow(number, items, items.Sum(item => item.Ids.Length + options.Task.MaxNewTokens), null);
        }
        catch (SmvlException e)
        {
            return new PreparedRow(number, [], 0, e);
        }
    }

    private static PreparedItem Prepare(IChatModel model, EvaluationTask task, EvaluationItem item)
    {
        ProcessedImage[] pictures = [.. item.Pictures.Select(file =>
        {
            using RgbImage decoded = ImageDecoder.Decode(file.Span, item.Where);
            return model.Images.Process(decoded, model.Limits.MaxTiles);
        })];
        try
        {
            int[] ids = Ids(pictures), textIds = pictures.Length == 0 ? ids : Ids([]);
            int room = Math.Min(model.Limits.ContextLength ?? int.MaxValue, model.Model.TextConfig.MaxPositions);
            return ids.Length + task.MaxNewTokens <= room
                ? new PreparedItem(item, pictures, ids, textIds)
                : throw new SmvlException("the question and its answer do not fit the context", expected: $"at most {room} tokens", actual: $"{ids.Length} + {task.MaxNewTokens}");
        }
        catch (SmvlException e)
        {
            throw new SmvlException(e.Message, item.Where, hint: "count and leave out such rows with --skip-bad", inner: e);
        }

        int[] Ids(ProcessedImage[] with)
        {
            ChatMessage user = new("user", [.. with.Select(_ => ContentPart.Image), new ContentPart(item.Prompt)]);
            ChatMessage[] messages = task.System.Length == 0 ? [user] : [ChatMessage.FromText("system", task.System), user];
            return model.Prompts.Chat(messages, [.. with.Select(picture => new ImageGrid(picture.Rows, picture.Cols))], enableThinking: false);
        }
    }

    /// <param name="Item">the question</param>
    /// <param name="Pictures">as tiles</param>
    /// <param name="Ids">the prompt with the pictures' tokens</param>
    /// <param name="TextIds">the prompt without</param>
    private sealed record PreparedItem(EvaluationItem Item, IReadOnlyList<ProcessedImage> Pictures, int[] Ids, int[] TextIds);

    /// <param name="Number">of the row among those that are asked</param>
    /// <param name="Items">its questions</param>
    /// <param name="Tokens">that they take, with their answers</param>
    /// <param name="Problem">why it cannot be used; null where it can</param>
    private sealed record PreparedRow(int Number, IReadOnlyList<PreparedItem> Items, int Tokens, SmvlException? Problem);
}

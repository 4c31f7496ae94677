using System.Globalization;
using Smvl.Training;

namespace Smvl.Evaluation;

/// <summary>The keys of a task's file; docs/evaluation.md has them as a table.</summary>
internal static class TaskKeys
{
    private static readonly Dictionary<string, Func<EvaluationTask, RawValue, EvaluationTask>> Keys = new(StringComparer.Ordinal)
    {
        ["name"] = (task, value) => task with { Name = Text(value) },
        ["description"] = (task, value) => task with { Description = Text(value) },
        ["source"] = (task, value) => Noted(task, value),
        ["dataset"] = (task, value) => task with { Dataset = Text(value) },
        ["url"] = (task, value) => task with { Url = Text(value) },
        ["data"] = (task, value) => task with { Data = Text(value) },
        ["files"] = (task, value) => task with { Files = Text(value) },
        ["format"] = (task, value) => task with { Format = Choice(value, ("columns", TaskFormat.Columns), ("cauldron", TaskFormat.Cauldron)) },
        ["system"] = (task, value) => task with { System = Text(value) },
        ["prompt"] = (task, value) => task with { Prompt = Text(value) },
        ["open_prompt"] = (task, value) => task with { OpenPrompt = Text(value) },
        ["image"] = (task, value) => task with { Images = List(value) },
        ["answer"] = (task, value) => task with { Answer = Text(value) },
        ["answer_is"] = (task, value) => task with { AnswerKind = Choice(value, ("text", AnswerKind.Text), ("index", AnswerKind.Index), ("literal", AnswerKind.Literal)) },
        ["choices"] = (task, value) => task with { Choices = List(value) },
        ["letters"] = (task, value) => task with { Letters = Text(value) },
        ["id"] = (task, value) => task with { Id = Text(value) },
        ["category"] = (task, value) => task with { Category = Text(value) },
        ["group"] = (task, value) => task with { Group = Text(value) },
        ["kind"] = (task, value) => task with { Kind = Text(value) },
        ["circular"] = (task, value) => task with { Circular = Choice(value, ("none", Circular.None), ("file", Circular.File), ("rotate", Circular.Rotate)) },
        ["metric"] = (task, value) => task with { Metric = Choice(value, [.. Metric.Names.Select(name => (name, name))]) },
        ["average"] = (task, value) => task with { AverageOfCategories = Choice(value, ("questions", false), ("categories", true)) },
        ["max_new_tokens"] = (task, value) => task with { MaxNewTokens = Number(value, 1) },
        ["eval_rows"] = (task, value) => task with { EvalRows = Number(value, 1) },
        ["data_seed"] = (task, value) => task with { DataSeed = Number(value, 0) },
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyCollection<string> Names => Keys.Keys;

    /// <param name="entries">the file's keys</param>
    /// <param name="text">its content</param>
    /// <param name="path">what errors call it</param>
    /// <exception cref="SmvlException">an unknown key, a value that does not fit, or a key that is needed and not there</exception>
    public static EvaluationTask Read(IReadOnlyList<RawEntry> entries, string text, string path)
    {
        EvaluationTask task = new() { Name = Path.GetFileNameWithoutExtension(path), Text = text, Data = "", Metric = "" };
        foreach (RawEntry entry in entries)
        {
            if (!Keys.TryGetValue(entry.Name, out Func<EvaluationTask, RawValue, EvaluationTask>? set))
            {
                throw new SmvlException(
                    $"unknown key {entry.Name}", entry.Value.Where, hint: $"did you mean {NearestNames.Of(entry.Name, Keys.Keys).First()}? docs/evaluation.md lists the keys");
            }

            task = set(task, entry.Value);
        }

        Need(task.Data, "data");
        Need(task.Metric, "metric");
        if (task.Format == TaskFormat.Columns)
        {
            Need(task.Prompt, "prompt");
            Need(task.Answer, "answer");
        }

        if (Metric.NeedsChoices(task.Metric) && task.Choices.Count == 0 && task.Letters.Length == 0)
        {
            throw new SmvlException($"metric {task.Metric} needs choices", path, "choices, or letters");
        }

        TaskPrompt.Check(task, path);
        return task;

        void Need(string value, string key)
        {
            if (value.Length == 0)
            {
                throw new SmvlException($"the task has no {key}", path, $"a line {key}: ...");
            }
        }
    }

    /// <summary>What is for the reader alone, though it must be text.</summary>
    private static EvaluationTask Noted(EvaluationTask task, RawValue value)
    {
        _ = List(value);
        return task;
    }

    private static string Text(RawValue value) => value.Text ?? throw Wrong(value, "a text");

    private static IReadOnlyList<string> List(RawValue value) => value.Items is { } items ? [.. items.Select(Text)] : [Text(value)];

    private static int Number(RawValue value, int least) =>
        int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least ? number : throw Wrong(value, $"an integer from {least} on");

    private static T Choice<T>(RawValue value, params (string Name, T Value)[] known)
    {
        foreach ((string name, T meaning) in known)
        {
            if (name == value.Text)
            {
                return meaning;
            }
        }

        throw Wrong(value, $"one of {string.Join(", ", known.Select(choice => choice.Name))}");
    }

    private static SmvlException Wrong(RawValue value, string expected) => new("the value does not fit its key", value.Where, expected, value.Shown);
}

using System.Globalization;
using System.Text;
using Smvl.Models;
using Smvl.Tracking;

namespace Smvl.Training;

/// <summary>What a model card says that no folder tells.</summary>
public sealed record ModelCardFacts
{
    /// <summary>The model's licence as the Hub names it, such as apache-2.0; null leaves it out.</summary>
    public string? License { get; init; }

    /// <summary>The models that it was made of, as the Hub names them.</summary>
    public IReadOnlyList<string> BaseModels { get; init; } = [];
}

/// <summary>
/// The README.md of an exported folder: front matter for the Hub, then sources, data, arguments, losses and evaluation as the folder and the
/// run beside it tell them. What they do not tell is left out. Paths of the machine that trained are no one else's business and are left
/// out too.
/// </summary>
internal static class ModelCard
{
    /// <summary>Rows of a table of losses; a longer log is thinned evenly, its first and last entries stay.</summary>
    private const int Rows = 20;

    /// <param name="model">the folder, opened</param>
    /// <param name="name">what the model is called</param>
    /// <param name="facts">what the folder does not tell</param>
    /// <exception cref="SmvlException">the run's files are damaged</exception>
    public static string Of(ModelFolder model, string name, ModelCardFacts facts)
    {
        string argumentsPath = Path.Combine(model.Path, TrainingArguments.FileName);
        TrainingArguments? arguments = File.Exists(argumentsPath) ? TrainingArguments.FromYaml(argumentsPath) : null;
        TrainerState? state = File.Exists(Path.Combine(model.Path, TrainerState.FileName)) ? TrainerState.Read(model.Path) : null;
        string answerPath = Path.Combine(model.Path, TrainingRun.AnswerFile);
        string? answer = File.Exists(answerPath) ? File.ReadAllText(answerPath) : null;

        var card = new StringBuilder();
        FrontMatter(card, facts);
        Head(card, model, name);
        Sources(card, model, facts);
        if (arguments is not null)
        {
            Data(card, arguments);
            Arguments(card, arguments);
        }

        if (state is not null)
        {
            Losses(card, state);
        }

        Evaluation(card, state, answer);
        Use(card, name);
        return card.ToString();
    }

    private static void FrontMatter(StringBuilder card, ModelCardFacts facts)
    {
        List<(string Name, object? Value)> fields = [];
        if (facts.License is { } license)
        {
            fields.Add(("license", license));
        }

        if (facts.BaseModels.Count > 0)
        {
            fields.Add(("base_model", facts.BaseModels));
        }

        fields.Add(("language", (string[])["zh", "en"]));
        fields.Add(("pipeline_tag", "image-text-to-text"));
        fields.Add(("library_name", "transformers"));
        fields.Add(("tags", (string[])["smvl", "smolvlm", "qwen3", "vision-language-model"]));
        card.Append("---\n").Append(ConfigText.Yaml(fields)).Append("---\n\n");
    }

    private static void Head(StringBuilder card, ModelFolder model, string name)
    {
        ModelConfig config = model.Model.Config;
        card.Append(Invariant(
            $"""
            # {name}

            A vision-language model of {model.Model.Parameters.Sum(parameter => parameter.Shape.Count):N0} parameters in bfloat16, made with SmVL: a SmolVLM vision tower
            ({config.Vision.LayerCount} layers, width {config.Vision.HiddenSize}, tiles of {config.Vision.ImageSize} pixels), a connector that makes {config.ImageSequenceLength} rows of a tile, and a Qwen3 text model
            ({config.Text.LayerCount} layers, width {config.Text.HiddenSize}, {config.Text.VocabularySize:N0} tokens).


            """));
    }

    private static void Sources(StringBuilder card, ModelFolder model, ModelCardFacts facts)
    {
        if (model.Sources is null && facts.BaseModels.Count == 0)
        {
            return;
        }

        card.Append("## Sources\n\n");
        if (model.Sources is { } sources)
        {
            card.Append("| part | taken from | its licence |\n|---|---|---|\n");
            foreach ((string part, Formats.ModelSource source) in ((string, Formats.ModelSource)[])[("vision tower", sources.Vision), ("text model, tokenizer", sources.Text)])
            {
                card.Append(CultureInfo.InvariantCulture, $"| {part} | {source.Name} | {source.License ?? ""} |\n");
            }
        }
        else
        {
            card.AppendJoin('\n', facts.BaseModels.Select(id => $"- {id}")).Append('\n');
        }

        card.Append('\n');
    }

    /// <summary>The configuration itself, or those of its stages.</summary>
    private static IEnumerable<TrainingArguments> Runs(TrainingArguments arguments) =>
        arguments.Stages?.Select(stage => arguments.ForStage(stage, arguments.Model)) ?? [arguments];

    private static void Data(StringBuilder card, TrainingArguments arguments)
    {
        card.Append("## Data\n\n");
        card.AppendJoin('\n', Runs(arguments).SelectMany(run => run.TrainData).Distinct().Select(name => $"- {Path.GetFileName(Path.TrimEndingDirectorySeparator(name))}"));
        card.Append("\n\nSubsets in the schema of the_cauldron");
        card.Append(arguments.EvalRows > 0 ? Invariant($"; at most {arguments.EvalRows} rows were held out.\n\n") : ".\n\n");
    }

    private static void Arguments(StringBuilder card, TrainingArguments arguments)
    {
        string trained = string.Join("; then ", Runs(arguments).Select(FreezeRules.Describe));
        card.Append(CultureInfo.InvariantCulture, $"## Training arguments\n\nTrained: {trained}. Names and meanings are those of transformers' TrainingArguments.\n\n```yaml\n");
        foreach (string line in arguments.ToYaml().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !NamesAPath(line, arguments)))
        {
            card.Append(line).Append('\n');
        }

        card.Append("```\n\n");
    }

    /// <summary>The data have their own section.</summary>
    private static bool NamesAPath(string line, TrainingArguments arguments)
    {
        string key = line[..line.IndexOf(':', StringComparison.Ordinal)];
        return TrainingKeys.All.Single(known => known.Name == key).IsPath || key == TrainingKeys.TrainData.Name
            || (key == TrainingKeys.Stages.Name && (arguments.Stages ?? []).Any(stage => stage.NamesAPath));
    }

    private static void Losses(StringBuilder card, TrainerState state)
    {
        Table(card, "## Losses", state, "loss", "training loss");
        double[] totals = [.. state.LogHistory.SelectMany(entry => entry.Metrics).Where(metric => metric.Key == "train_loss").Select(metric => metric.Value)];
        if (totals.Length > 0)
        {
            card.Append(Invariant($"Mean over the run: {totals[^1]:F4}, {state.GlobalStep} steps.\n\n"));
        }
    }

    private static void Evaluation(StringBuilder card, TrainerState? state, string? answer)
    {
        if (state is not null)
        {
            Table(card, "## Evaluation", state, "eval_loss", "loss on held-out rows");
        }

        if (answer is not null)
        {
            card.Append("### A sample answer\n\nSystem prompt, question and what the model answered about the sample picture:\n\n");
            foreach (string line in answer.TrimEnd().Split('\n'))
            {
                card.Append("    ").Append(line).Append('\n');
            }

            card.Append('\n');
        }
    }

    private static void Table(StringBuilder card, string title, TrainerState state, string metric, string label)
    {
        LogEntry[] entries = [.. state.LogHistory.Where(entry => entry.Metrics.ContainsKey(metric))];
        if (entries.Length == 0)
        {
            return;
        }

        card.Append(title).Append("\n\n| step | ").Append(label).Append(" |\n|---|---|\n");
        int rows = Math.Min(Rows, entries.Length);
        for (int i = 0; i < rows; i++)
        {
            LogEntry entry = entries[rows == 1 ? 0 : (int)((long)i * (entries.Length - 1) / (rows - 1))];
            card.Append(Invariant($"| {entry.Step} | {entry.Metrics[metric]:F4} |\n"));
        }

        card.Append('\n');
    }

    private static void Use(StringBuilder card, string name) => card.Append(
        $$"""
        ## How to use

        With transformers 5:

        ```python
        from PIL import Image
        from transformers import AutoModelForImageTextToText, AutoProcessor

        folder = "{{name}}"
        processor = AutoProcessor.from_pretrained(folder)
        model = AutoModelForImageTextToText.from_pretrained(folder, dtype="bfloat16")
        messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "图中有什么？"}]}]
        text = processor.apply_chat_template(messages, add_generation_prompt=True, enable_thinking=False)
        inputs = processor(text=text, images=[Image.open("picture.jpg")], return_tensors="pt")
        new = model.generate(**inputs, max_new_tokens=128)[0, inputs["input_ids"].shape[1]:]
        print(processor.decode(new, skip_special_tokens=True))
        ```

        With SmVL: `smvl chat {{name}} --image picture.jpg "图中有什么？"`

        """);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Smvl.Training;

/// <summary>One stage of the key <c>stages</c>: its name, and the keys that differ in it from the rest of the configuration.</summary>
internal sealed partial record StageKeys(string Name, IReadOnlyList<StageKey> Keys)
{
    private const string NameKey = "name";

    /// <summary>Keys of the whole run, which no stage can have for itself.</summary>
    private static readonly string[] Common =
    [
        "model", "device", "image_layout", "output_dir", "overwrite_output_dir", "resume_from_checkpoint", "resume_from_stage", "run_name", "logging_dir", "stages",
        "training_stage", "stage1_epochs", "stage2_epochs", "stage3_epochs", "stage1_lr", "stage2_lr", "stage3_lr",
    ];

    /// <summary>The value of the key <c>stages</c>: a list of maps, in YAML, or as JSON on the command line.</summary>
    /// <exception cref="SmvlException">a key that is wrong in itself, or cannot stand in a stage</exception>
    public static bool TryRead(RawValue raw, [NotNullWhen(true)] out IReadOnlyList<StageKeys>? stages)
    {
        IReadOnlyList<RawValue>? items = raw.Items;
        if (items is null && raw.Text is not null && raw.Text.StartsWith('['))
        {
            items = YamlConfig.ReadValue(raw.Text, raw.Where).Items; // JSON is YAML's flow style
        }

        stages = null;
        if (items is null or [] || items.Any(item => item.Fields is null))
        {
            return false;
        }

        stages = [.. items.Select(Read)];
        string[] twice = [.. stages.GroupBy(stage => stage.Name, StringComparer.OrdinalIgnoreCase).Where(same => same.Count() > 1).Select(same => same.Key)];
        if (twice.Length > 0)
        {
            throw new SmvlException("two stages have one name, which is their folder's too", raw.Where, actual: twice[0], hint: "name them differently");
        }

        return true;
    }

    /// <summary>The list as maps of plain values.</summary>
    public static object? Plain(IReadOnlyList<StageKeys>? stages) => stages?.Select(stage => stage.ToMap()).ToArray();

    /// <summary>The stages of the original scripts: their <c>training_stage</c>, with <c>stageN_epochs</c> and <c>stageN_lr</c>.</summary>
    /// <param name="which">stage1, stage2, stage3 or all</param>
    /// <param name="epochs">of the three; null where max_steps, which overrides them, is given</param>
    /// <param name="rates">of the three</param>
    /// <param name="origin">of the key</param>
    public static IReadOnlyList<StageKeys> OfOriginal(OriginalStage which, double[]? epochs, double[] rates, string origin)
    {
        FreezePolicy[] policies = [FreezePolicy.Connector, FreezePolicy.ConnectorAndVision, FreezePolicy.Full];
        return
        [
            .. from stage in Enumerable.Range(0, policies.Length)
               where which == OriginalStage.All || (int)which == stage
               select new StageKeys(
                   string.Create(CultureInfo.InvariantCulture, $"stage{stage + 1}"),
                   [
                       new StageKey(TrainingKeys.Freeze, policies[stage], origin),
                       new StageKey(TrainingKeys.LearningRate, rates[stage], origin),
                       .. epochs is null ? (StageKey[])[] : [new StageKey(TrainingKeys.NumTrainEpochs, epochs[stage], origin)],
                   ]),
        ];
    }

    /// <summary>Whether it says where something is on this machine.</summary>
    public bool NamesAPath => Keys.Any(key => key.Key.IsPath || key.Key == TrainingKeys.TrainData);

    /// <summary>The place of a stage by its name or its number from 1.</summary>
    /// <exception cref="SmvlException">there is none</exception>
    public static int Find(IReadOnlyList<StageKeys> stages, string nameOrNumber, string where)
    {
        for (int i = 0; i < stages.Count; i++)
        {
            if (stages[i].Name == nameOrNumber || (i + 1).ToString(CultureInfo.InvariantCulture) == nameOrNumber)
            {
                return i;
            }
        }

        throw new SmvlException("there is no such stage", where, $"1 to {stages.Count}, or {string.Join(", ", stages.Select(stage => stage.Name))}", nameOrNumber);
    }

    private static StageKeys Read(RawValue item, int index)
    {
        string name = item.Fields!.TryGetValue(NameKey, out RawValue? given) && given.Text is { } text ? text : string.Create(CultureInfo.InvariantCulture, $"stage{index + 1}");
        if (!FolderName().IsMatch(name))
        {
            throw new SmvlException("the name of a stage is its folder's too", item.Where, "letters, digits, dots, dashes, pluses and underscores; not checkpoint-N", $"'{name}'");
        }

        var keys = new List<StageKey>();
        foreach ((string key, RawValue raw) in item.Fields.Where(field => field.Key != NameKey))
        {
            TrainingKey known = TrainingKeys.Find(key, raw.Where);
            if (Common.Contains(known.Name))
            {
                throw new SmvlException($"{key} belongs to the whole run", raw.Where, hint: "write it outside of stages");
            }

            keys.Add(new StageKey(known, known.Read(raw), raw.Where));
        }

        if (keys.GroupBy(key => key.Key.CanonicalName).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new SmvlException($"{twice.Key} is given twice", item.Where, hint: "remove one");
        }

        return new StageKeys(name, keys);
    }

    private Dictionary<string, object> ToMap()
    {
        var map = new Dictionary<string, object>(StringComparer.Ordinal) { [NameKey] = Name };
        foreach (StageKey key in Keys)
        {
            map.Add(key.Key.CanonicalName, key.Key.Plain(key.Value)!);
        }

        return map;
    }

    [GeneratedRegex(@"^(?!checkpoint-\d)[A-Za-z0-9][A-Za-z0-9._+-]*$")]
    private static partial Regex FolderName();
}

/// <summary>A key with its value in one stage.</summary>
/// <param name="Key">of the configuration</param>
/// <param name="Value">as the key reads it</param>
/// <param name="Where">file:line or "command line"</param>
internal readonly record struct StageKey(TrainingKey Key, object? Value, string Where);

/// <summary>What the original scripts' <c>training_stage</c> may be.</summary>
internal enum OriginalStage
{
    Stage1,
    Stage2,
    Stage3,
    All,
}

using System.Globalization;
using Smvl.Models;

namespace Smvl.Training;

/// <summary>
/// What is trained: the policy <c>freeze</c>, without <c>freeze_parameters</c>, and <c>trainable_parameters</c> in any case: the order of
/// ms-swift's keys of these names. Patterns are matched with the names of checkpoints.
/// </summary>
internal sealed class FreezeRules
{
    private readonly TrainingArguments arguments;
    private readonly TensorPattern[] frozen;
    private readonly TensorPattern[] trained;

    public FreezeRules(TrainingArguments arguments)
    {
        this.arguments = arguments;
        frozen = [.. arguments.FreezeParameters.Select(text => new TensorPattern(text, arguments.Origin(TrainingKeys.FreezeParameters)))];
        trained = [.. arguments.TrainableParameters.Select(text => new TensorPattern(text, arguments.Origin(TrainingKeys.TrainableParameters)))];
    }

    /// <summary>Whether a parameter is trained; adapters always are.</summary>
    public bool Trains(Parameter parameter) =>
        parameter.IsAdapter || trained.Any(pattern => pattern.Matches(parameter.HuggingFace))
        || (arguments.Freeze.Trains(parameter) && !frozen.Any(pattern => pattern.Matches(parameter.HuggingFace)));

    /// <summary>Whether the rows of image markers are trained in a matrix that is frozen: unless <c>freeze_parameters</c> names it.</summary>
    public bool TrainsRows(Parameter matrix) => !frozen.Any(pattern => pattern.Matches(matrix.HuggingFace));

    /// <summary>Looks at everything that the model can refute; what is left to say comes back as lines.</summary>
    /// <param name="parameters">of the model</param>
    /// <param name="path">its folder</param>
    /// <param name="hasMarkers">whether it has image markers, whose rows are trained</param>
    /// <exception cref="SmvlException">a pattern that matches nothing, or nothing to train</exception>
    public IReadOnlyList<string> Check(IReadOnlyCollection<Parameter> parameters, string path, bool hasMarkers)
    {
        string[] names = [.. parameters.Where(parameter => !parameter.IsAdapter).Select(parameter => parameter.HuggingFace)];
        TensorPattern.CheckAllMatch(frozen, arguments.Origin(TrainingKeys.FreezeParameters), names);
        TensorPattern.CheckAllMatch(trained, arguments.Origin(TrainingKeys.TrainableParameters), names);
        HashSet<ModelPart> parts = [.. parameters.Where(Trains).Select(parameter => parameter.Part)];
        if (hasMarkers && parameters.Any(parameter => VisionLanguageModel.HasTokenRows(parameter) && TrainsRows(parameter)))
        {
            parts.Add(ModelPart.Text);
        }

        if (parts.Count == 0 && arguments.LoraRank is null)
        {
            throw new SmvlException(
                "nothing is left to train", path, "freeze full, for a text model alone, or trainable_parameters that name something", Describe(arguments));
        }

        return
        [
            .. from rate in (TrainingKey<double?>[])[TrainingKeys.LearningRateConnector, TrainingKeys.LearningRateVision, TrainingKeys.LearningRateText]
               let part = PartOf(rate)
               where arguments.LearningRateOf(part) is not null && !parts.Contains(part) && !(part == ModelPart.Text && parts.Contains(ModelPart.Head))
               select $"{rate.Name} has nothing to act on: that part is frozen",
        ];
    }

    /// <summary>The rules on one line, as the configuration names them.</summary>
    public static string Describe(TrainingArguments arguments)
    {
        string text = ConfigText.Of(TrainingKeys.Freeze.Plain(arguments.Freeze));
        foreach (TrainingKey<IReadOnlyList<string>?> key in (TrainingKey<IReadOnlyList<string>?>[])[TrainingKeys.FreezeParameters, TrainingKeys.TrainableParameters])
        {
            IReadOnlyList<string> patterns = key == TrainingKeys.FreezeParameters ? arguments.FreezeParameters : arguments.TrainableParameters;
            text += patterns.Count == 0 ? "" : $", {key.Name} {string.Join(' ', patterns)}";
        }

        return arguments.LoraRank is { } rank
            ? text + string.Create(
                CultureInfo.InvariantCulture,
                $", lora_r {rank} lora_alpha {arguments.LoraAlpha ?? 2 * rank} lora_target_modules {(arguments.LoraTargetModules is { } targets ? string.Join(' ', targets) : "null")}{(arguments.UseDora ? " use_dora" : "")}")
            : text;
    }

    private static ModelPart PartOf(TrainingKey<double?> rate) =>
        rate == TrainingKeys.LearningRateConnector ? ModelPart.Connector : rate == TrainingKeys.LearningRateVision ? ModelPart.Vision : ModelPart.Text;
}

using Smvl.Models;

namespace Smvl.Training.Optimizers;

/// <summary>
/// Parameters that are updated alike, as torch's param_groups: those of one rate with one rule of decay. Every group follows the same
/// schedule, which multiplies its own rate. Source: transformers 5.12, Trainer.create_optimizer and get_decay_parameter_names.
/// </summary>
/// <param name="Parameters">trainable ones</param>
/// <param name="LearningRate">the highest one</param>
/// <param name="WeightDecay">decoupled, times the learning rate</param>
internal sealed record ParameterGroup(IReadOnlyList<Parameter> Parameters, double LearningRate, double WeightDecay)
{
    public static IEnumerable<ParameterGroup> Of(VisionLanguageModel model, TrainingArguments arguments) => model.Trained
        .GroupBy(parameter => (Rate: LearningRateOf(parameter, arguments), Decays: Decays(parameter)))
        .Select(group => new ParameterGroup([.. group], group.Key.Rate, group.Key.Decays ? arguments.WeightDecay : 0));

    /// <summary>The highest rate of a parameter: its part's, or that of the run.</summary>
    public static double LearningRateOf(Parameter parameter, TrainingArguments arguments) =>
        arguments.LearningRateOf(parameter.Part) ?? arguments.LearningRate;

    /// <summary>Matrices do (embeddings, head, connector and convolution among them), and DoRA's lengths; biases and norms do not.</summary>
    public static bool Decays(Parameter parameter) => parameter.Shape.Rank > 1 || parameter.IsAdapter;
}

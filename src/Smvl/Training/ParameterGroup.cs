using Smvl.Models;

namespace Smvl.Training;

/// <summary>
/// What an optimizer does alike for some parameters, as torch's param_groups: those of one part with one rule of decay. Every group follows
/// the same schedule, which multiplies its own rate. Matrices (embeddings, head, connector and convolution among them) decay, vectors
/// (biases and norms) do not. Source: transformers 5.12, Trainer.create_optimizer and get_decay_parameter_names.
/// </summary>
/// <param name="LearningRate">the highest one</param>
/// <param name="WeightDecay">decoupled</param>
internal readonly record struct ParameterGroup(double LearningRate, double WeightDecay)
{
    public static ParameterGroup Of(Parameter parameter, TrainingArguments arguments) =>
        new(arguments.LearningRateOf(parameter.Part) ?? arguments.LearningRate, parameter.Shape.Rank > 1 ? arguments.WeightDecay : 0);
}

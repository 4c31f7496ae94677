using Smvl.Models;

namespace Smvl.Training.Optimizers;

/// <summary>Parameters that are updated alike.</summary>
/// <param name="Parameters">trainable ones</param>
/// <param name="WeightDecay">decoupled, times the learning rate</param>
/// <param name="LearningRateScale">times the run's learning rate</param>
internal sealed record ParameterGroup(IReadOnlyList<Parameter> Parameters, double WeightDecay, double LearningRateScale = 1)
{
    /// <summary>The two groups of transformers' Trainer.</summary>
    public static IEnumerable<ParameterGroup> Of(VisionLanguageModel model, TrainingArguments arguments) => model.Trained
        .GroupBy(Decays)
        .Select(group => new ParameterGroup([.. group], group.Key ? arguments.WeightDecay : 0));

    /// <summary>Matrices do, biases and norms do not.</summary>
    public static bool Decays(Parameter parameter) => parameter.Shape.Rank > 1;
}

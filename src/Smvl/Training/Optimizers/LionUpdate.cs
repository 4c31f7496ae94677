using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Optimizers;

/// <summary>Lion: every element moves by the learning rate, in the direction of a momentum's sign. Source: Chen et al. 2023, algorithm 2.</summary>
internal sealed class LionUpdate(Backend backend, TrainingArguments arguments, Parameter parameter, ParameterGroup group)
    : ParameterUpdate(parameter, group)
{
    private readonly Tensor momentum = backend.Zeros(parameter.Shape, MemoryPurpose.OptimizerState);

    public override IReadOnlyList<(string Name, Tensor Tensor)> State => [("exp_avg", momentum)];

    public override void Apply(UpdateStep step) => backend.Lion(
        Parameter.Value, Parameter.Gradient!, momentum,
        new LionStep(step.LearningRate, arguments.AdamBeta1, arguments.AdamBeta2, Group.WeightDecay, step.GradientScale));
}

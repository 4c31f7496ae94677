using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Optimizers;

/// <summary>AdamW with float32 moments: torch.optim.AdamW. Source: Loshchilov and Hutter 2019.</summary>
internal sealed class AdamWUpdate(Backend backend, TrainingArguments arguments, Parameter parameter, ParameterGroup group)
    : ParameterUpdate(parameter, group)
{
    private readonly Tensor first = backend.Zeros(parameter.Shape, MemoryPurpose.OptimizerState);
    private readonly Tensor second = backend.Zeros(parameter.Shape, MemoryPurpose.OptimizerState);

    public override IReadOnlyList<(string Name, Tensor Tensor)> State => [("exp_avg", first), ("exp_avg_sq", second)];

    public override void Apply(UpdateStep step) =>
        backend.AdamW(Parameter.Value, Parameter.Gradient!, first, second, Step(arguments, Group, step));

    public static AdamWStep Step(TrainingArguments arguments, ParameterGroup group, UpdateStep step) => new(
        step.LearningRate, arguments.AdamBeta1, arguments.AdamBeta2, arguments.AdamEpsilon, group.WeightDecay, step.Number, step.GradientScale);
}

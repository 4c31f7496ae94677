using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Optimizers;

/// <summary>What one update of all parameters has in common.</summary>
/// <param name="LearningRate">of the parameter's group</param>
/// <param name="Number">updates with this one, from 1</param>
/// <param name="GradientScale">the clipping factor</param>
internal readonly record struct UpdateStep(double LearningRate, int Number, float GradientScale);

/// <summary>How one parameter is updated, and what is kept from one update to the next.</summary>
internal abstract class ParameterUpdate(Parameter parameter, ParameterGroup group)
{
    public Parameter Parameter => parameter;

    public ParameterGroup Group => group;

    /// <summary>What a checkpoint keeps; a name says what it is, not of which parameter.</summary>
    public abstract IReadOnlyList<(string Name, Tensor Tensor)> State { get; }

    /// <summary>Moves the parameter along its gradient, which may be overwritten.</summary>
    public abstract void Apply(UpdateStep step);
}

namespace Smvl.Tensors;

/// <summary>What a tensor's memory is for: told when a device's memory does not suffice, with what lowers it.</summary>
public enum MemoryPurpose
{
    /// <summary>What a pass keeps and computes on: all that is not said to be something else.</summary>
    Activations,

    /// <summary>The model's parameters.</summary>
    Weights,

    /// <summary>Of trained parameters.</summary>
    Gradients,

    /// <summary>What an optimizer keeps beside parameters.</summary>
    OptimizerState,

    /// <summary>Keys and values of an answer.</summary>
    Cache,
}

namespace Smvl.Tensors;

/// <summary>Bytes at the moment when they were most.</summary>
/// <param name="Weights">values of parameters: in memory of their own, and as far as they are read from a mapped file</param>
/// <param name="Gradients">of parameters</param>
/// <param name="Optimizer">its state, and an average of the weights</param>
/// <param name="Activations">of a step, freed memory that is kept for reuse included</param>
/// <param name="Scratch">the kernels' own: packed sides of products and attention</param>
public readonly record struct MemoryCount(long Weights, long Gradients, long Optimizer, long Activations, long Scratch)
{
    public long Total => Weights + Gradients + Optimizer + Activations + Scratch;
}

using Smvl.Tensors;

namespace Smvl.Benchmarks;

/// <summary>Operands of measured operations: small random values, the same at every call.</summary>
internal static class RandomTensors
{
    /// <summary>Values that are made; larger tensors repeat them.</summary>
    private const int Block = 1 << 20;

    /// <summary>New memory of values in [-0.5, 0.5).</summary>
    public static Tensor Allocate(Backend backend, DType dtype, params ReadOnlySpan<long> dims)
    {
        Tensor tensor = backend.Allocate(dtype, new Shape(dims));
        float[] values = new float[Math.Min(Block, tensor.Count)];
        SplitMix64 random = new(0);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)random.NextUnit() - 0.5f;
        }

        using Tensor block = backend.Allocate(values.Length);
        backend.Upload<float>(values, block);
        Tensor flat = tensor.View(tensor.Count);
        for (long start = 0; start < tensor.Count; start += Block)
        {
            int count = (int)Math.Min(Block, tensor.Count - start);
            backend.Copy(flat.Slice((int)start, count), block.Slice(0, count));
        }

        return tensor;
    }
}

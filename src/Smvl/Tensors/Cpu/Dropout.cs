namespace Smvl.Tensors.Cpu;

/// <summary>Dropout by position: whether an element stays depends on the key and its index alone.</summary>
internal static class Dropout
{
    public static void Apply(CpuThreads threads, Tensor y, Tensor x, float probability, ulong key)
    {
        // an element goes when the upper half of its hash is below the bound
        ulong bound = (ulong)(probability * 4294967296.0);
        float scale = 1 / (1 - probability);
        Partition.Elements(threads, x.Count, (start, length) =>
        {
            ReadOnlySpan<float> from = x.Span<float>().Slice(start, length);
            Span<float> to = y.Span<float>().Slice(start, length);
            for (int i = 0; i < to.Length; i++)
            {
                ulong hash = SplitMix64.Mix(key + ((ulong)(start + i) * SplitMix64.Increment));
                to[i] = hash >> 32 < bound ? 0 : from[i] * scale;
            }
        });
    }
}

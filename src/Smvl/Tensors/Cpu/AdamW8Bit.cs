using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// <see cref="AdamW"/> over moments of one byte an element: a block's moments are widened, updated and used as float32, then written
/// back as the nearest of 256 values times the block's largest. Source: Dettmers et al. 2022.
/// </summary>
internal static class AdamW8Bit
{
    private const int Block = BlockMoment.BlockSize;

    public static void Update(CpuThreads threads, Tensor parameter, Tensor gradient, BlockMoment moment1, BlockMoment moment2, AdamWStep step)
    {
        AdamW.Constants c = AdamW.Constants.Of(step);
        threads.For(moment1.Scales.Shape[0], block =>
        {
            int start = block * Block, length = (int)Math.Min(Block, parameter.Count - start);
            Span<float> p = parameter.Span<float>().Slice(start, length);
            ReadOnlySpan<float> g = gradient.Span<float>().Slice(start, length);
            Span<float> moments = stackalloc float[2 * Block];
            Span<float> m = moments[..length], v = moments.Slice(Block, length);
            Widen(moment1, block, start, m);
            Widen(moment2, block, start, v);
            AdamW.UpdateScalar(p, g, m, v, AdamW.UpdateVector256(p, g, m, v, c), c);
            Narrow(moment1, block, start, m);
            Narrow(moment2, block, start, v);
        });
    }

    private static DynamicMap Map(BlockMoment moment) => moment.Signed ? DynamicMap.Signed : DynamicMap.Unsigned;

    private static void Widen(BlockMoment moment, int block, int start, Span<float> values)
    {
        ReadOnlySpan<float> map = Map(moment).Values;
        ReadOnlySpan<byte> codes = moment.Codes.Span<byte>().Slice(start, values.Length);
        float scale = moment.Scales.Span<float>()[block];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = map[codes[i]] * scale;
        }
    }

    private static void Narrow(BlockMoment moment, int block, int start, ReadOnlySpan<float> values)
    {
        DynamicMap map = Map(moment);
        Span<byte> codes = moment.Codes.Span<byte>().Slice(start, values.Length);
        float scale = Math.Abs(TensorPrimitives.MaxMagnitude(values));
        moment.Scales.Span<float>()[block] = scale;
        for (int i = 0; i < values.Length; i++)
        {
            codes[i] = scale == 0 ? (byte)0 : map.Code(values[i] / scale);
        }
    }
}

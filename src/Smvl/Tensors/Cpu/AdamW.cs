using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// p ← p (1 − lr·wd); m ← β1 m + (1 − β1) g; v ← β2 v + (1 − β2) g²; p ← p − lr/(1 − β1^t) · m / (√v / √(1 − β2^t) + ε).
/// The order of operations is torch.optim.AdamW's (single tensor), so that rounding agrees. Source: Loshchilov and Hutter 2019.
/// </summary>
internal static class AdamW
{
    public static void Update(CpuThreads threads, Tensor parameter, Tensor gradient, Tensor moment1, Tensor moment2, AdamWStep step)
    {
        Constants c = Constants.Of(step);
        Partition.Elements(threads, parameter.Count, (start, length) =>
        {
            Span<float> p = parameter.Span<float>().Slice(start, length);
            ReadOnlySpan<float> g = gradient.Span<float>().Slice(start, length);
            Span<float> m = moment1.Span<float>().Slice(start, length);
            Span<float> v = moment2.Span<float>().Slice(start, length);
            UpdateScalar(p, g, m, v, UpdateVector256(p, g, m, v, c), c);
        });
    }

    /// <summary>The meaning of the update, from element <paramref name="from"/> on; also the tail behind the vectors.</summary>
    internal static void UpdateScalar(Span<float> p, ReadOnlySpan<float> g, Span<float> m, Span<float> v, int from, in Constants c)
    {
        for (int i = from; i < p.Length; i++)
        {
            float gi = g[i] * c.GradientScale;
            p[i] *= c.Keep;
            m[i] += c.OneMinusBeta1 * (gi - m[i]);
            v[i] = (v[i] * c.Beta2) + (c.OneMinusBeta2 * gi * gi);
            p[i] -= c.StepSize * (m[i] / ((MathF.Sqrt(v[i]) / c.RootBias2) + c.Epsilon));
        }
    }

    /// <returns>how many elements were done: 0 without 256-bit vectors. The same operations as the scalar form, none fused.</returns>
    internal static int UpdateVector256(Span<float> p, ReadOnlySpan<float> g, Span<float> m, Span<float> v, in Constants c)
    {
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref float rp = ref MemoryMarshal.GetReference(p);
            ref float rg = ref MemoryMarshal.GetReference(g);
            ref float rm = ref MemoryMarshal.GetReference(m);
            ref float rv = ref MemoryMarshal.GetReference(v);
            for (; i <= p.Length - 8; i += 8)
            {
                Vector256<float> gi = Vector256.LoadUnsafe(ref rg, (nuint)i) * c.GradientScale;
                Vector256<float> mi = Vector256.LoadUnsafe(ref rm, (nuint)i);
                Vector256<float> vi = Vector256.LoadUnsafe(ref rv, (nuint)i);
                mi += (gi - mi) * c.OneMinusBeta1;
                vi = (vi * c.Beta2) + (gi * c.OneMinusBeta2 * gi);
                Vector256<float> denominator = (Vector256.Sqrt(vi) / c.RootBias2) + Vector256.Create(c.Epsilon);
                Vector256<float> pi = (Vector256.LoadUnsafe(ref rp, (nuint)i) * c.Keep) - (mi / denominator * c.StepSize);
                pi.StoreUnsafe(ref rp, (nuint)i);
                mi.StoreUnsafe(ref rm, (nuint)i);
                vi.StoreUnsafe(ref rv, (nuint)i);
            }
        }

        return i;
    }

    /// <summary>What one step's elements share, computed in double and rounded once.</summary>
    internal readonly record struct Constants(
        float GradientScale, float Keep, float OneMinusBeta1, float Beta2, float OneMinusBeta2, float RootBias2, float Epsilon, float StepSize)
    {
        public static Constants Of(in AdamWStep step) => new(
            step.GradientScale,
            (float)(1 - (step.LearningRate * step.WeightDecay)),
            (float)(1 - step.Beta1),
            (float)step.Beta2,
            (float)(1 - step.Beta2),
            (float)Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step)),
            (float)step.Epsilon,
            (float)(step.LearningRate / (1 - Math.Pow(step.Beta1, step.Step))));
    }
}

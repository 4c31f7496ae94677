namespace Smvl.Tensors.Cpu;

/// <summary>
/// p ← p (1 − lr·wd); p ← p − lr · sign(β1 m + (1 − β1) g); m ← β2 m + (1 − β2) g. Source: Chen et al. 2023, "Symbolic Discovery of
/// Optimization Algorithms", algorithm 2.
/// </summary>
internal static class Lion
{
    public static void Update(CpuThreads threads, Tensor parameter, Tensor gradient, Tensor moment, LionStep step)
    {
        float keep = (float)(1 - (step.LearningRate * step.WeightDecay)), rate = (float)step.LearningRate;
        float beta1 = (float)step.Beta1, rest1 = (float)(1 - step.Beta1), beta2 = (float)step.Beta2, rest2 = (float)(1 - step.Beta2);
        Partition.Elements(threads, parameter.Count, (start, length) =>
        {
            Span<float> p = parameter.Span<float>().Slice(start, length);
            ReadOnlySpan<float> g = gradient.Span<float>().Slice(start, length);
            Span<float> m = moment.Span<float>().Slice(start, length);
            for (int i = 0; i < length; i++)
            {
                float gi = g[i] * step.GradientScale;
                float direction = (beta1 * m[i]) + (rest1 * gi);

                // sign(0) is 0: nothing moves where there never was a gradient
                p[i] = (p[i] * keep) - (direction > 0 ? rate : direction < 0 ? -rate : 0f);
                m[i] = (beta2 * m[i]) + (rest2 * gi);
            }
        });
    }
}

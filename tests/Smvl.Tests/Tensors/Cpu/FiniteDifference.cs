using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>
/// Checks a backward against its forward: the loss is Σ c·y with fixed random c, so dy = c, and each sampled element of x is moved
/// by ±h. Float32 leaves about three digits of such a difference, which is enough to tell a wrong formula from a right one.
/// </summary>
internal static class FiniteDifference
{
    private const float Step = 1e-2f;

    /// <param name="name">for the message</param>
    /// <param name="x">the input to move, restored afterwards</param>
    /// <param name="gradient">what the backward says</param>
    /// <param name="c">(y's elements) weights of the loss</param>
    /// <param name="forward">recomputes y</param>
    public static void Check(string name, Tensor x, Tensor gradient, float[] c, Func<float[]> forward)
    {
        var random = new Random(7);
        float[] analytic = gradient.Span<float>().ToArray();
        double largest = analytic.Max(MathF.Abs);
        int samples = (int)Math.Min(x.Count, 60);
        for (int n = 0; n < samples; n++)
        {
            int i = x.Count <= 60 ? n : random.Next((int)x.Count);
            float saved = x.Span<float>()[i];
            double up = LossAt(saved + Step);
            double down = LossAt(saved - Step);
            x.Span<float>()[i] = saved;
            double numeric = (up - down) / (2 * Step);
            double bound = (0.01 * Math.Max(largest, Math.Abs(numeric))) + 2e-3;
            Assert.True(
                Math.Abs(numeric - analytic[i]) <= bound,
                $"{name}[{i}]: backward says {analytic[i]:g5}, the forward's difference {numeric:g5} (allowed {bound:g2})");

            double LossAt(float value)
            {
                x.Span<float>()[i] = value;
                float[] y = forward();
                double loss = 0;
                for (int k = 0; k < y.Length; k++)
                {
                    loss += (double)c[k] * y[k];
                }

                return loss;
            }
        }
    }

    /// <summary>Random normals, seeded.</summary>
    public static Tensor Random(Backend backend, int seed, params ReadOnlySpan<long> dims)
    {
        Tensor tensor = backend.Allocate(dims);
        Values(seed, (int)tensor.Count).CopyTo(tensor.Span<float>());
        return tensor;
    }

    public static float[] Values(int seed, int count)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }
}

using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// y = 0.5 x (1 + tanh(z)), z = √(2/π) (x + 0.044715 x³), which equals x · sigmoid(2z): one exponential instead of a tanh.
/// Source: Hendrycks and Gimpel 2016; gelu_pytorch_tanh in transformers.
/// </summary>
internal static class GeluTanh
{
    private const int Run = 1024;
    private const float TwoRootTwoOverPi = 1.5957691216057308f;
    private const float Cubic = 0.044715f;

    public static void Forward(CpuThreads threads, Tensor y, Tensor x) =>
        Partition.Elements(threads, x.Count, (start, length) =>
        {
            Span<float> sigmoid = stackalloc float[Run];
            for (int at = start; at < start + length; at += Run)
            {
                int n = Math.Min(Run, start + length - at);
                ReadOnlySpan<float> xs = x.Span<float>().Slice(at, n);
                Span<float> s = sigmoid[..n];
                SigmoidOfTwoZ(xs, s);
                TensorPrimitives.Multiply(xs, s, y.Span<float>().Slice(at, n));
            }
        });

    public static void Backward(CpuThreads threads, Tensor dx, Tensor dy, Tensor x) =>
        Partition.Elements(threads, x.Count, (start, length) =>
        {
            Span<float> sigmoid = stackalloc float[Run];
            Span<float> slope = stackalloc float[Run];
            for (int at = start; at < start + length; at += Run)
            {
                int n = Math.Min(Run, start + length - at);
                ReadOnlySpan<float> xs = x.Span<float>().Slice(at, n);
                Span<float> s = sigmoid[..n];
                Span<float> d = slope[..n];
                SigmoidOfTwoZ(xs, s);

                // forward: y = x s(2z): dy/dx = s + x s (1 − s) 2z', 2z' = 2√(2/π) (1 + 3 · 0.044715 x²)
                for (int i = 0; i < n; i++)
                {
                    float zSlope = TwoRootTwoOverPi * (1f + (3f * Cubic * xs[i] * xs[i]));
                    d[i] = s[i] + (xs[i] * s[i] * (1f - s[i]) * zSlope);
                }

                TensorPrimitives.Multiply(d, dy.Span<float>().Slice(at, n), dx.Span<float>().Slice(at, n));
            }
        });

    private static void SigmoidOfTwoZ(ReadOnlySpan<float> x, Span<float> s)
    {
        TensorPrimitives.Multiply(x, x, s);
        TensorPrimitives.Multiply(s, Cubic, s);
        TensorPrimitives.Add(s, 1f, s);
        TensorPrimitives.Multiply(s, x, s);
        TensorPrimitives.Multiply(s, TwoRootTwoOverPi, s);
        TensorPrimitives.Sigmoid(s, s);
    }
}

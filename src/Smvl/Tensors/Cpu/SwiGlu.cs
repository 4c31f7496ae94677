using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>y = silu(gate) · up with silu(g) = g · sigmoid(g). Source: Shazeer 2020; Qwen3MLP in transformers.</summary>
internal static class SwiGlu
{
    /// <summary>Elements at a time, so that intermediate values stay in the first cache.</summary>
    private const int Run = 1024;

    public static void Forward(CpuThreads threads, Tensor y, Tensor gate, Tensor up) =>
        Partition.Elements(threads, y.Count, (start, length) =>
        {
            Span<float> s = stackalloc float[Run];
            for (int at = start; at < start + length; at += Run)
            {
                int n = Math.Min(Run, start + length - at);
                ReadOnlySpan<float> g = gate.Span<float>().Slice(at, n);
                TensorPrimitives.Sigmoid(g, s[..n]);
                TensorPrimitives.Multiply(s[..n], g, s[..n]);
                TensorPrimitives.Multiply(s[..n], up.Span<float>().Slice(at, n), y.Span<float>().Slice(at, n));
            }
        });

    public static void Backward(CpuThreads threads, Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up) =>
        Partition.Elements(threads, dy.Count, (start, length) =>
        {
            Span<float> sigmoid = stackalloc float[Run];
            Span<float> silu = stackalloc float[Run];
            for (int at = start; at < start + length; at += Run)
            {
                int n = Math.Min(Run, start + length - at);
                ReadOnlySpan<float> d = dy.Span<float>().Slice(at, n);
                Span<float> dg = dGate.Span<float>().Slice(at, n);
                Span<float> du = dUp.Span<float>().Slice(at, n);
                Span<float> s = sigmoid[..n];
                Span<float> h = silu[..n];
                TensorPrimitives.Sigmoid(gate.Span<float>().Slice(at, n), s);
                TensorPrimitives.Multiply(s, gate.Span<float>().Slice(at, n), h);

                // forward: y = silu(g) u, and silu'(g) = s + silu (1 − s); dGate may overwrite gate and dUp up, so up is read first
                for (int i = 0; i < n; i++)
                {
                    s[i] += h[i] * (1f - s[i]);
                }

                TensorPrimitives.Multiply(s, up.Span<float>().Slice(at, n), s);
                TensorPrimitives.Multiply(s, d, dg);
                TensorPrimitives.Multiply(h, d, du);
            }
        });
}

using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// loss = log(Σ exp(l − max)) − (l[target] − max) per row of logits; the logits become their gradient in place:
/// gradientScale · (softmax − onehot).
/// </summary>
internal static unsafe class CrossEntropy
{
    public static void ForwardBackward(
        CpuThreads threads, Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale)
    {
        fixed (int* target = targets)
        {
            ForwardBackward(threads, losses, logits, target, gradientScale);
        }
    }

    private static void ForwardBackward(CpuThreads threads, Tensor losses, Tensor logits, int* target, float gradientScale) =>
        threads.For(logits.Shape.Rows, t =>
        {
            Span<float> row = logits.Row<float>(t);
            float max = TensorPrimitives.Max<float>(row);
            TensorPrimitives.Subtract(row, max, row);
            float atTarget = row[target[t]];
            TensorPrimitives.Exp(row, row);
            float sum = TensorPrimitives.Sum<float>(row);
            losses.Span<float>()[t] = MathF.Log(sum) - atTarget;
            TensorPrimitives.Multiply(row, gradientScale / sum, row);
            row[target[t]] -= gradientScale;
        });
}

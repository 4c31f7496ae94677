using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// loss = log(Σ exp(l − max)) − (l[target] − max) per row of logits; the logits become their gradient in place:
/// gradientScale · (softmax − onehot). With label smoothing ε and z-loss ζ, and s = log Σ exp(l):
/// loss = s − (1 − ε) l[target] − ε mean(l) + ζ s², gradient (1 + 2ζs) softmax − (1 − ε) onehot − ε/V.
/// </summary>
internal static unsafe class CrossEntropy
{
    public static void ForwardBackward(
        CpuThreads threads, Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms)
    {
        fixed (int* target = targets)
        {
            ForwardBackward(threads, losses, logits, target, gradientScale, terms);
        }
    }

    private static void ForwardBackward(CpuThreads threads, Tensor losses, Tensor logits, int* target, float gradientScale, LossTerms terms) =>
        threads.For(logits.Shape.Rows, t =>
        {
            Span<float> row = logits.Row<float>(t);
            float max = TensorPrimitives.Max<float>(row);
            TensorPrimitives.Subtract(row, max, row);
            float atTarget = row[target[t]];
            float mean = terms.LabelSmoothing > 0 ? TensorPrimitives.Sum<float>(row) / row.Length : 0;
            TensorPrimitives.Exp(row, row);
            float sum = TensorPrimitives.Sum<float>(row);
            float logSum = MathF.Log(sum), all = logSum + max;
            losses.Span<float>()[t] = logSum - ((1 - terms.LabelSmoothing) * atTarget) - (terms.LabelSmoothing * mean) + (terms.ZLoss * all * all);
            TensorPrimitives.Multiply(row, gradientScale * (1 + (2 * terms.ZLoss * all)) / sum, row);
            if (terms.LabelSmoothing > 0)
            {
                TensorPrimitives.Subtract(row, gradientScale * terms.LabelSmoothing / row.Length, row);
            }

            row[target[t]] -= gradientScale * (1 - terms.LabelSmoothing);
        });
}

namespace Smvl.Tensors.Gpu;

/// <summary>The loss and its gradient, and the norm of all gradients.</summary>
public sealed partial class GpuBackend
{
    /// <summary>Elements of a sum of squares that one workgroup adds up.</summary>
    private const int SquaresPart = 16384;

    private const uint SquaresThreads = 128;

    public override void CrossEntropy(Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms = default)
    {
        CheckIds(targets, logits.Shape.Width);
        var constants = new CrossEntropyConstants(
            Address(losses), Address(logits), targets.IsEmpty ? 0 : Constant(targets), Rows(logits), (uint)logits.Shape.Width, gradientScale, terms.LabelSmoothing, terms.ZLoss);
        DispatchRows(device.Kernel("cross_entropy", RowThreads(logits.Shape.Width)), constants, targets.Length, GpuUse.Write(losses), GpuUse.Write(logits));
    }

    /// <summary>Parts are summed on the device as pairs of floats, and the parts in double and in order here.</summary>
    public override double SumOfSquares(Tensor x)
    {
        uint count = Elements(x), parts = (count + SquaresPart - 1) / SquaresPart;
        if (parts == 0)
        {
            return 0;
        }

        using Tensor sums = Allocate(parts, 2);
        (uint groupsX, uint groupsY) = Fold(parts);
        device.Dispatch(
            device.Kernel("sum_of_squares", SquaresThreads, SquaresThreads), new SquaresConstants(Address(sums), Address(x), count, SquaresPart), groupsX, groupsY, 1,
            GpuUse.Write(sums), GpuUse.Read(x));
        float[] pairs = new float[2 * parts];
        Download<float>(sums, pairs);
        double total = 0;
        for (int i = 0; i < pairs.Length; i += 2)
        {
            total += (double)pairs[i] + pairs[i + 1];
        }

        return total;
    }

    private readonly record struct CrossEntropyConstants(
        ulong Losses, ulong Logits, ulong Targets, uint Rows, uint Width, float GradientScale, float LabelSmoothing, float ZLoss);

    private readonly record struct SquaresConstants(ulong Parts, ulong X, uint Count, uint PartLength);
}

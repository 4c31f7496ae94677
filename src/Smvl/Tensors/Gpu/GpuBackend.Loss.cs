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

    public override double SumOfSquares(Tensor x) => SumOfSquares([x]);

    /// <summary>
    /// Parts are summed on the device as pairs of floats, those of all tensors are downloaded once, and a tensor's parts, then the
    /// tensors, are added in double and in order here.
    /// </summary>
    public override double SumOfSquares(IEnumerable<Tensor> tensors)
    {
        List<(Tensor X, int Parts)> all = [.. tensors.Select(x => (x, (int)((Elements(x) + SquaresPart - 1) / SquaresPart)))];
        int count = all.Sum(one => one.Parts);
        if (count == 0)
        {
            return 0;
        }

        using Tensor sums = Allocate(count, 2);
        int start = 0;
        foreach ((Tensor x, int parts) in all)
        {
            Tensor own = sums.Slice(start, parts);
            (uint groupsX, uint groupsY) = Fold(parts);
            device.Dispatch(
                device.Kernel("sum_of_squares", SquaresThreads, SquaresThreads), new SquaresConstants(Address(own), Address(x), Elements(x), SquaresPart),
                parts == 0 ? 0 : groupsX, groupsY, 1, GpuUse.Write(own), GpuUse.Read(x));
            start += parts;
        }

        float[] pairs = new float[2 * count];
        Download<float>(sums, pairs);
        double total = 0;
        int at = 0;
        foreach ((_, int parts) in all)
        {
            double sum = 0;
            for (int end = at + (2 * parts); at < end; at += 2)
            {
                sum += (double)pairs[at] + pairs[at + 1];
            }

            total += sum;
        }

        return total;
    }

    private readonly record struct CrossEntropyConstants(
        ulong Losses, ulong Logits, ulong Targets, uint Rows, uint Width, float GradientScale, float LabelSmoothing, float ZLoss);

    private readonly record struct SquaresConstants(ulong Parts, ulong X, uint Count, uint PartLength);
}

namespace Smvl.Tensors.Gpu;

/// <summary>Operations that take one element at a time, all of them pointwise.comp.</summary>
public sealed partial class GpuBackend
{
    /// <summary>The shader's constant OPERATION.</summary>
    private enum Pointwise : uint
    {
        Add,
        Scale,
        Lerp,
        SwiGlu,
        SwiGluBackward,
        Gelu,
        GeluBackward,
        Dropout,
        Multiply,
    }

    public override void Add(Tensor y, Tensor x) => Run(Pointwise.Add, y, null, x);

    public override void Scale(Tensor x, float factor) => Run(Pointwise.Scale, x, null, null, factor: factor);

    public override void Lerp(Tensor y, Tensor x, float weight) => Run(Pointwise.Lerp, y, null, x, factor: weight);

    public override void Dropout(Tensor y, Tensor x, float probability, ulong key)
    {
        // the CPU's mask, bit for bit: an element goes when the upper half of its hash is below the bound
        ulong bound = (ulong)(probability * 4294967296.0);
        Run(Pointwise.Dropout, y, null, x, factor: 1 / (1 - probability), key: key, bound: checked((uint)bound));
    }

    public override void Multiply(Tensor y, Tensor x, Tensor factors)
    {
        SameCount(y, x);
        _ = Elements(factors);
        uint width = (uint)x.Shape.Width;
        (uint run, uint period) = factors.Shape.Rank > 1 ? (width, Rows(x)) : (1u, width);
        var constants = new PointwiseConstants(Address(y), 0, Address(x), Address(factors), 0, Elements(y), 0, 0, 0, 0, run, period);
        DispatchElements(
            device.Kernel("pointwise", ElementThreads, (uint)Pointwise.Multiply), constants, y.Count, GpuUse.Write(y), GpuUse.Read(x), GpuUse.Read(factors));
    }

    public override void MultiplyBackwardFactors(Tensor dFactors, Tensor dy, Tensor x)
    {
        SameCount(dy, x);
        AddColumnSums(ColumnFactor.Other, dFactors, dy, x, null, null);
    }

    public override void SwiGlu(Tensor y, Tensor gate, Tensor up) => Run(Pointwise.SwiGlu, y, null, gate, up);

    public override void SwiGluBackward(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up) =>
        Run(Pointwise.SwiGluBackward, dGate, dUp, dy, gate, up);

    public override void GeluTanh(Tensor y, Tensor x) => Run(Pointwise.Gelu, y, null, x);

    public override void GeluTanhBackward(Tensor dx, Tensor dy, Tensor x) => Run(Pointwise.GeluBackward, dx, null, dy, x);

    private void Run(
        Pointwise operation, Tensor y, Tensor? second, Tensor? a, Tensor? b = null, Tensor? c = null, float factor = 0, ulong key = 0, uint bound = 0)
    {
        List<GpuUse> uses = [GpuUse.Write(y)];
        foreach (Tensor? other in (ReadOnlySpan<Tensor?>)[second, a, b, c])
        {
            if (other is not null)
            {
                SameCount(y, other);
                uses.Add(other == second ? GpuUse.Write(other) : GpuUse.Read(other));
            }
        }

        var constants = new PointwiseConstants(
            Address(y), Address(second), Address(a), Address(b), Address(c), Elements(y), factor, (uint)key, (uint)(key >> 32), bound, Run: 1, Period: 1);
        DispatchElements(device.Kernel("pointwise", ElementThreads, (uint)operation), constants, y.Count, [.. uses]);
    }

    private readonly record struct PointwiseConstants(
        ulong Y, ulong Second, ulong A, ulong B, ulong C, uint Count, float Factor, uint KeyLow, uint KeyHigh, uint Bound, uint Run, uint Period);
}

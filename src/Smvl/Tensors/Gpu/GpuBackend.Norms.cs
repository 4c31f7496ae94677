namespace Smvl.Tensors.Gpu;

/// <summary>RMS and layer norm, and sums of columns, which are the gradients of their weights and of a bias.</summary>
public sealed partial class GpuBackend
{
    /// <summary>Columns that a workgroup of column_sums.comp has, and rows it takes at once.</summary>
    private const uint SumColumns = 32, SumLanes = 4;

    /// <summary>column_sums.comp's constant FACTOR.</summary>
    private enum ColumnFactor : uint
    {
        One,
        RmsNorm,
        LayerNorm,
        Other,
    }

    public override void RmsNorm(Tensor y, Tensor? rstd, Tensor x, Tensor weight, float eps) => Norm(y, null, rstd, x, weight, null, eps);

    public override void LayerNorm(Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor bias, float eps) =>
        Norm(y, mean, rstd, x, weight, bias, eps);

    public override void RmsNormBackward(Tensor dx, Tensor? dWeight, Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool accumulate)
    {
        NormBackward(dx, dy, x, weight, null, rstd, accumulate);
        if (dWeight is not null)
        {
            AddColumnSums(ColumnFactor.RmsNorm, dWeight, dy, x, null, rstd);
        }
    }

    public override void LayerNormBackward(
        Tensor dx, Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x, Tensor weight, Tensor mean, Tensor rstd, bool accumulate)
    {
        NormBackward(dx, dy, x, weight, mean, rstd, accumulate);
        if (dWeight is not null)
        {
            AddColumnSums(ColumnFactor.LayerNorm, dWeight, dy, x, mean, rstd);
        }

        if (dBias is not null)
        {
            AddColumnSums(ColumnFactor.One, dBias, dy, null, null, null);
        }
    }

    // a layer norm is one that has a bias
    private void Norm(Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor? bias, float eps)
    {
        SameCount(y, x);
        bool kept = rstd is not null && (bias is null || mean is not null);
        var constants = new NormConstants(
            Address(y), Address(mean), Address(rstd), Address(x), Address(weight), Address(bias), Rows(x), (uint)x.Shape.Width, eps, kept ? 1u : 0);
        Kernel kernel = device.Kernel("norm", RowThreads(x.Shape.Width), bias is null ? 0u : 1);
        List<GpuUse> uses = [GpuUse.Write(y), GpuUse.Read(x), GpuUse.Read(weight)];
        AddUse(uses, bias, writes: false);
        AddUse(uses, kept ? mean : null, writes: true);
        AddUse(uses, kept ? rstd : null, writes: true);
        DispatchRows(kernel, constants, x.Shape.Rows, [.. uses]);
    }

    private void NormBackward(Tensor dx, Tensor dy, Tensor x, Tensor weight, Tensor? mean, Tensor rstd, bool accumulate)
    {
        SameCount(dx, x);
        SameCount(dy, x);
        var constants = new NormBackwardConstants(
            Address(dx), Address(dy), Address(x), Address(weight), Address(mean), Address(rstd), Rows(x), (uint)x.Shape.Width, accumulate ? 1u : 0);
        Kernel kernel = device.Kernel("norm_backward", RowThreads(x.Shape.Width), mean is null ? 0u : 1);
        List<GpuUse> uses = [GpuUse.Write(dx), GpuUse.Read(dy), GpuUse.Read(x), GpuUse.Read(weight), GpuUse.Read(rstd)];
        AddUse(uses, mean, writes: false);
        DispatchRows(kernel, constants, x.Shape.Rows, [.. uses]);
    }

    /// <summary>sum (N) += the sum over dy's rows, each times what the norm's weight, or another factor, met; chunks of rows first, then the chunks in order.</summary>
    private void AddColumnSums(ColumnFactor factor, Tensor sum, Tensor dy, Tensor? x, Tensor? mean, Tensor? rstd)
    {
        uint rows = Rows(dy), width = (uint)dy.Shape.Width;
        if (rows == 0 || width == 0)
        {
            return;
        }

        uint chunk = Math.Max(64, (rows + 255) / 256), chunks = (rows + chunk - 1) / chunk;
        using Tensor parts = Allocate(chunks, width);
        var constants = new ColumnSumsConstants(Address(parts), Address(dy), Address(x), Address(mean), Address(rstd), rows, width, chunk);
        List<GpuUse> uses = [GpuUse.Write(parts), GpuUse.Read(dy)];
        AddUse(uses, x, writes: false);
        AddUse(uses, mean, writes: false);
        AddUse(uses, rstd, writes: false);
        device.Dispatch(
            device.Kernel("column_sums", SumColumns * SumLanes, (uint)factor, SumLanes), constants, (width + SumColumns - 1) / SumColumns, chunks, 1, [.. uses]);
        SumParts(sum, parts, null, accumulate: true);
    }

    /// <summary>y (+)= the sum of parts (n, elements of y) in order + bias of the last axis.</summary>
    private void SumParts(Tensor y, Tensor parts, Tensor? bias, bool accumulate)
    {
        uint count = Elements(y);
        var constants = new SumPartsConstants(
            Address(y), Address(parts), Address(bias), count, (uint)parts.Shape[0], (uint)y.Shape.Width, accumulate ? 1u : 0, bias is null ? 0u : 1);
        _ = Elements(parts);
        List<GpuUse> uses = [GpuUse.Write(y), GpuUse.Read(parts)];
        AddUse(uses, bias, writes: false);
        DispatchElements(device.Kernel("sum_parts", ElementThreads), constants, count, [.. uses]);
    }

    private static void AddUse(List<GpuUse> uses, Tensor? tensor, bool writes)
    {
        if (tensor is not null)
        {
            uses.Add(writes ? GpuUse.Write(tensor) : GpuUse.Read(tensor));
        }
    }

    private readonly record struct NormConstants(
        ulong Y, ulong Mean, ulong Rstd, ulong X, ulong Weight, ulong Bias, uint Rows, uint Width, float Eps, uint Kept);

    private readonly record struct NormBackwardConstants(
        ulong Dx, ulong Dy, ulong X, ulong Weight, ulong Mean, ulong Rstd, uint Rows, uint Width, uint Accumulate);

    private readonly record struct ColumnSumsConstants(ulong Parts, ulong Dy, ulong X, ulong Mean, ulong Rstd, uint Rows, uint Width, uint Chunk);

    private readonly record struct SumPartsConstants(
        ulong Y, ulong Parts, ulong Bias, uint Count, uint PartCount, uint Width, uint Accumulate, uint Biased);
}

using System.Diagnostics;
using System.Numerics;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Matrix products: weights of any type against float32, summed in float32. Few rows read the weights as a stream (matvec.comp), more go
/// through tiles (matmul.comp).
/// </summary>
public sealed partial class GpuBackend
{
    // up to so many rows a product is bound by reading its weights
    private const int FewRows = 8;

    private const uint VectorThreads = 64, VectorOutputs = 4;

    // a product of fewer workgroups than this shares out its depth, in parts of no less than the second number
    private const uint BusyGroups = 128, DepthPart = 1024, MostDepthParts = 16;

    // multiply-adds from which it is worth to measure which tile is the fastest
    private const double DefaultMeasuredWork = 1 << 26;

    // of a result that is measured into memory of its own: 64 MiB
    private const uint MostMeasuredElements = 1 << 24;

    private IReadOnlyList<MatrixTile>? tiles;

    /// <summary>The tile of every product, for tests and measurements; null: chosen by size.</summary>
    internal MatrixTile? ForcedTile { get; set; }

    /// <summary>Those that the device has room for.</summary>
    internal IReadOnlyList<MatrixTile> MatrixTiles => tiles ??=
    [
        .. MatrixTile.All.Where(tile =>
            tile.Threads <= device.Capabilities.MaxWorkgroupInvocations && tile.SharedBytes <= device.Capabilities.MaxSharedMemory),
    ];

    /// <summary>Multiply-adds from which tiles are measured; null: by the device. What computes on the CPU takes the smallest tile.</summary>
    internal double? MeasuredWork { get; set; }

    /// <summary>What was measured; null: not read yet.</summary>
    internal MatrixTileChoices? TileChoices { get; set; }

    /// <summary>How the sides of a product lie in memory.</summary>
    private enum Sides
    {
        /// <summary>A (M, K), B (N, K): y = x · weightᵀ</summary>
        Forward,

        /// <summary>A (M, K), B (K, N): dx = dy · weight</summary>
        BackwardInput,

        /// <summary>A (K, M), B (K, N): dWeight = dyᵀ · x</summary>
        BackwardWeight,
    }

    public override void Linear(Tensor y, Tensor x, Tensor weight, Tensor? bias)
    {
        int rows = x.Shape.Rows, inputs = x.Shape.Width, outputs = weight.Shape.Rows;
        if (weight.Shape.Width != inputs || y.Shape.Rows != rows || y.Shape.Width != outputs || (bias is not null && bias.Count != outputs))
        {
            throw new ArgumentException($"y {y} = x {x} · weight {weight} + bias {bias}");
        }

        if (rows <= FewRows)
        {
            MultiplyFew(y, x, weight, bias);
        }
        else
        {
            Multiply(Sides.Forward, y, x, weight, bias, rows, outputs, inputs, accumulate: false);
        }
    }

    public override void LinearGroup(ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            Linear(ys[i], x, weights[i], null);
        }
    }

    public override void LinearBackwardInput(Tensor dx, Tensor dy, Tensor weight, bool accumulate)
    {
        int rows = dy.Shape.Rows, outputs = dy.Shape.Width, inputs = weight.Shape.Width;
        if (weight.Shape.Rows != outputs || dx.Shape.Rows != rows || dx.Shape.Width != inputs)
        {
            throw new ArgumentException($"dx {dx} = dy {dy} · weight {weight}");
        }

        Multiply(Sides.BackwardInput, dx, dy, weight, null, rows, inputs, outputs, accumulate);
    }

    public override void LinearBackwardParameters(Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x)
    {
        if (dWeight is not null)
        {
            int rows = dy.Shape.Rows, outputs = dy.Shape.Width, inputs = x.Shape.Width;
            if (x.Shape.Rows != rows || dWeight.Shape.Rows != outputs || dWeight.Shape.Width != inputs)
            {
                throw new ArgumentException($"dWeight {dWeight} += dy {dy}ᵀ · x {x}");
            }

            Multiply(Sides.BackwardWeight, dWeight, dy, x, null, outputs, inputs, rows, accumulate: true);
        }

        if (dBias is not null)
        {
            AddColumnSums(ColumnFactor.One, dBias, dy, null, null, null);
        }
    }

    private void MultiplyFew(Tensor y, Tensor x, Tensor weight, Tensor? bias)
    {
        uint rows = Rows(x), outputs = Rows(y) == 0 ? 0 : (uint)y.Shape.Width, inputs = (uint)x.Shape.Width;
        if (outputs == 0)
        {
            return;
        }

        _ = Elements(weight);
        bool quads = inputs % 4 == 0 && IsAligned(x) && IsAligned(weight);
        (uint groupsX, uint groupsY) = Fold((outputs + VectorOutputs - 1) / VectorOutputs);
        Kernel kernel = device.Kernel("matvec", VectorThreads, (uint)weight.DType, quads ? 1u : 0, BitOperations.RoundUpToPowerOf2(rows), VectorOutputs);
        var constants = new MatVecConstants(Address(y), Address(x), Address(weight), Address(bias), rows, outputs, inputs, bias is null ? 0u : 1);
        List<GpuUse> uses = [GpuUse.Write(y), GpuUse.Read(x), GpuUse.Read(weight)];
        AddUse(uses, bias, writes: false);
        device.Dispatch(kernel, constants, groupsX, groupsY, 1, [.. uses]);
    }

    /// <summary>c (M, N) (+)= a · b + bias, the sides lying as they say.</summary>
    private void Multiply(Sides sides, Tensor c, Tensor a, Tensor b, Tensor? bias, int rows, int columns, int depth, bool accumulate)
    {
        if (c.Count == 0)
        {
            return;
        }

        _ = Elements(a);
        _ = Elements(c);
        _ = Elements(b);
        uint smallTiles = (uint)(((rows + 63) / 64) * ((columns + 63) / 64));
        uint depthParts = Math.Clamp(Math.Min(BusyGroups / Math.Max(smallTiles, 1), (uint)depth / DepthPart), 1, MostDepthParts);
        var product = new Product(sides, a, b, (uint)rows, (uint)columns, (uint)depth, depthParts);
        if (depthParts == 1)
        {
            Dispatch(product, TileFor(product, accumulate ? null : c), c, bias, accumulate);
            return;
        }

        // the number of parts depends on the shape alone, as it changes the rounding of sums
        using Tensor parts = Allocate(depthParts, rows, columns);
        Dispatch(product, TileFor(product, parts), parts, null, accumulate: false);
        SumParts(c, parts, bias, accumulate);
    }

    private void Dispatch(in Product product, MatrixTile tile, Tensor c, Tensor? bias, bool accumulate)
    {
        (uint rows, uint columns, uint depth) = (product.Rows, product.Columns, product.Depth);
        uint depthPart = (((depth + product.DepthParts - 1) / product.DepthParts) + tile.Depth - 1) / tile.Depth * tile.Depth;
        bool aTurned = product.Sides == Sides.BackwardWeight, bTurned = product.Sides != Sides.Forward;
        bool quads = columns % 4 == 0 && (aTurned ? rows : depth) % 4 == 0 && (bTurned ? columns : depth) % 4 == 0
            && IsAligned(product.A) && IsAligned(product.B) && IsAligned(c);
        Kernel kernel = device.Kernel(
            "matmul", tile.Threads, (uint)product.B.DType, quads ? 1u : 0, tile.Rows, tile.Columns, tile.Depth, tile.RowQuads, tile.ColumnQuads,
            aTurned ? 1u : 0, bTurned ? 1u : 0);
        var constants = new MatMulConstants(
            Address(product.A), Address(product.B), Address(c), Address(bias), rows, columns, depth, depthPart, accumulate ? 1u : 0, bias is null ? 0u : 1);
        List<GpuUse> uses = [GpuUse.Write(c), GpuUse.Read(product.A), GpuUse.Read(product.B)];
        AddUse(uses, bias, writes: false);
        device.Dispatch(
            kernel, constants, (columns + tile.Columns - 1) / tile.Columns, (rows + tile.Rows - 1) / tile.Rows, product.DepthParts, [.. uses]);
    }

    /// <param name="product">to compute</param>
    /// <param name="target">may be overwritten to measure; null: nothing may</param>
    private MatrixTile TileFor(Product product, Tensor? target)
    {
        if (ForcedTile is { } forced)
        {
            return forced;
        }

        double work = (double)product.Rows * product.Columns * product.Depth;
        if (work < (MeasuredWork ?? (device.Capabilities.IsSoftware ? double.PositiveInfinity : DefaultMeasuredWork)))
        {
            return MatrixTile.All[0];
        }

        string kind = $"{product.Sides} {product.B.DType} {Size(product.Rows)} x {Size(product.Columns)} x {Size(product.Depth)}";
        TileChoices ??= new MatrixTileChoices(device.CacheFile("tiles"));
        return TileChoices.For(kind, MatrixTiles, tile => Seconds(product, tile, target));

        // sizes within a factor of two take the same tile
        static uint Size(uint length) => BitOperations.RoundUpToPowerOf2(length);
    }

    /// <summary>The best of a few runs, into the target or, without one, memory of its own: a gradient of a head is as large as the head, so of some of its rows.</summary>
    private double Seconds(Product product, MatrixTile tile, Tensor? target)
    {
        using Tensor? own = target is null ? Allocate(product.DepthParts, MeasuredRows(product), product.Columns) : null;
        product = own is null ? product : product with { Rows = (uint)own.Shape[1] };
        Tensor c = target ?? own!;
        double best = double.PositiveInfinity;
        for (int run = 0; run < 4; run++)
        {
            device.Wait();
            long start = Stopwatch.GetTimestamp();
            Dispatch(product, tile, c, null, accumulate: false);
            device.Wait();
            best = run == 0 ? best : Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);   // the first one makes the kernel
        }

        return best;
    }

    private static uint MeasuredRows(in Product product) => Math.Min(product.Rows, Math.Max(MatrixTile.All[^1].Rows, MostMeasuredElements / product.Columns));

    private readonly record struct Product(Sides Sides, Tensor A, Tensor B, uint Rows, uint Columns, uint Depth, uint DepthParts);

    private readonly record struct MatMulConstants(
        ulong A, ulong B, ulong C, ulong Bias, uint Rows, uint Columns, uint Depth, uint DepthPart, uint Accumulate, uint Biased);

    private readonly record struct MatVecConstants(ulong Y, ulong X, ulong Weight, ulong Bias, uint Rows, uint Outputs, uint Inputs, uint Biased);
}

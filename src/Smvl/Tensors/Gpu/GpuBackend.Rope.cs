namespace Smvl.Tensors.Gpu;

/// <summary>Rotary embedding with the host's sines: a device's own are not exact enough for large angles.</summary>
public sealed partial class GpuBackend
{
    /// <summary>Positions that a table has at least: a larger one lies elsewhere, so that what was recorded is recorded again.</summary>
    private const int LeastPositions = 4096;

    private readonly RopeTables ropeTables = new();
    private readonly Dictionary<(int HeadDim, float Theta), (RopeTable Host, Tensor Cos, Tensor Sin)> ropeOnDevice = [];

    public override void Rope(Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse)
    {
        if (positions.IsEmpty)
        {
            return;
        }

        int last = 0;
        foreach (int position in positions)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position, nameof(positions));
            last = Math.Max(last, position);
        }

        (Tensor cos, Tensor sin) = OnDevice(headDim, theta, last + 1);
        int heads = x.Shape.Width / headDim;
        var constants = new RopeConstants(
            Address(x), Address(cos), Address(sin), Constant(positions), Rows(x), (uint)heads, (uint)headDim / 2, inverse ? -1f : 1f);
        DispatchRows(
            device.Kernel("rope", RowThreads(x.Shape.Width / 2)), constants, x.Shape.Rows, GpuUse.Write(x), GpuUse.Read(cos), GpuUse.Read(sin));
    }

    private (Tensor Cos, Tensor Sin) OnDevice(int headDim, float theta, int positions)
    {
        RopeTable table = ropeTables.For(headDim, theta, Math.Max(positions, LeastPositions));
        if (!ropeOnDevice.TryGetValue((headDim, theta), out (RopeTable Host, Tensor Cos, Tensor Sin) kept) || kept.Host != table)
        {
            kept.Cos?.Dispose();
            kept.Sin?.Dispose();
            kept = (table, Allocate(table.Cos.Length), Allocate(table.Sin.Length));
            Upload<float>(table.Cos, kept.Cos);
            Upload<float>(table.Sin, kept.Sin);
            ropeOnDevice[(headDim, theta)] = kept;
        }

        return (kept.Cos, kept.Sin);
    }

    private readonly record struct RopeConstants(
        ulong X, ulong Cosines, ulong Sines, ulong Positions, uint Rows, uint Heads, uint Half, float Sign);
}

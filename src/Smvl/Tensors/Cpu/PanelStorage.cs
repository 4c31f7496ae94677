using System.Diagnostics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// A quantized matrix (N, K) as the kernels read it: panels of eight rows, each a run of units (<see cref="IQuantizedUnit"/>) over
/// the inputs. Made once from the blocks of a file; the rows that fill the last panel up are zeros.
/// </summary>
internal sealed unsafe class PanelStorage : HostStorage
{
    private readonly PanelMemory.Part memory;

    private PanelStorage(PanelMemory.Part memory, DType dtype, int inputs)
        : base(memory.Pointer, memory.ByteLength) => (this.memory, DType, Inputs) = (memory, dtype, inputs);

    public DType DType { get; }

    /// <summary>K</summary>
    public int Inputs { get; }

    /// <summary>Bytes of eight rows.</summary>
    public long PanelBytes => PanelBytesOf(DType, Inputs);

    /// <summary>Packs a mapped tensor's blocks; what is mapped may be given back part by part.</summary>
    /// <param name="threads">who packs</param>
    /// <param name="memory">where the panels will lie</param>
    /// <param name="blocks">(N, K) of a quantized type, in GGUF's layout</param>
    /// <param name="packed">gets the first byte of a panel range's blocks and their number when they have been read</param>
    public static Tensor Pack(CpuThreads threads, PanelMemory memory, Tensor blocks, Action<long, long>? packed = null)
    {
        int rows = blocks.Shape.Rows, inputs = blocks.Shape.Width, panels = (rows + UnitParts.Rows - 1) / UnitParts.Rows;
        var storage = new PanelStorage(memory.Allocate(panels * PanelBytesOf(blocks.DType, inputs)), blocks.DType, inputs);
        byte* source = blocks.Origin();
        long rowBytes = blocks.DType.Bytes(inputs);
        threads.ForRanges(panels, PackPanels, (start, end) =>
        {
            byte* last = stackalloc byte[(int)rowBytes * UnitParts.Rows];
            for (int panel = start; panel < end; panel++)
            {
                byte* first = source + (panel * UnitParts.Rows * rowBytes);
                int count = Math.Min(UnitParts.Rows, rows - (panel * UnitParts.Rows));
                if (count < UnitParts.Rows)
                {
                    new Span<byte>(last, (int)rowBytes * UnitParts.Rows).Clear();
                    new Span<byte>(first, count * (int)rowBytes).CopyTo(new Span<byte>(last, count * (int)rowBytes));
                    first = last;
                }

                storage.PackPanel(storage.Pointer + (panel * storage.PanelBytes), first, rowBytes);
            }

            packed?.Invoke(start * UnitParts.Rows * rowBytes, (Math.Min(end * UnitParts.Rows, rows) - (start * UnitParts.Rows)) * rowBytes);
        });
        return new Tensor(storage, 0, blocks.DType, blocks.Shape, owner: true);
    }

    /// <summary>Row <paramref name="row"/> in GGUF's layout again.</summary>
    public void Unpack(int row, Span<byte> blocks)
    {
        Debug.Assert(blocks.Length == DType.Bytes(Inputs), "a whole row");
        byte* panel = Pointer + (row / UnitParts.Rows * PanelBytes);
        int lane = row % UnitParts.Rows;
        fixed (byte* destination = blocks)
        {
            switch (DType)
            {
                case DType.Q8_0: Unpack<UnitQ8_0>(panel, lane, destination); break;
                case DType.Q4_0: Unpack<UnitQ4_0>(panel, lane, destination); break;
                case DType.Q4_K: Unpack<UnitQ4_K>(panel, lane, destination); break;
                default: Unpack<UnitQ6_K>(panel, lane, destination); break;
            }
        }
    }

    internal override void Release() => memory.Release();

    // panels of a task: some hundred kilobytes
    private const int PackPanels = 16;

    private static long PanelBytesOf(DType dtype, int inputs) => dtype switch
    {
        DType.Q8_0 => inputs / UnitQ8_0.Depth * UnitQ8_0.Bytes,
        DType.Q4_0 => inputs / UnitQ4_0.Depth * UnitQ4_0.Bytes,
        DType.Q4_K => inputs / UnitQ4_K.Depth * UnitQ4_K.Bytes,
        DType.Q6_K => inputs / UnitQ6_K.Depth * UnitQ6_K.Bytes,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "no quantized type"),
    };

    private void PackPanel(byte* panel, byte* blocks, long stride)
    {
        switch (DType)
        {
            case DType.Q8_0: Pack<UnitQ8_0>(panel, blocks, stride); break;
            case DType.Q4_0: Pack<UnitQ4_0>(panel, blocks, stride); break;
            case DType.Q4_K: Pack<UnitQ4_K>(panel, blocks, stride); break;
            default: Pack<UnitQ6_K>(panel, blocks, stride); break;
        }
    }

    private void Pack<TUnit>(byte* panel, byte* blocks, long stride)
        where TUnit : IQuantizedUnit
    {
        for (int k = 0; k < Inputs; k += TUnit.Depth, panel += TUnit.Bytes, blocks += DType.BlockBytes())
        {
            TUnit.Pack(panel, blocks, stride);
        }
    }

    private void Unpack<TUnit>(byte* panel, int row, byte* blocks)
        where TUnit : IQuantizedUnit
    {
        for (int k = 0; k < Inputs; k += TUnit.Depth, panel += TUnit.Bytes, blocks += DType.BlockBytes())
        {
            TUnit.Unpack(panel, row, blocks);
        }
    }
}

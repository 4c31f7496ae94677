namespace Smvl.Tensors.Gpu;

/// <summary>Bytes that a dispatch reads or writes: what it must be ordered by.</summary>
/// <param name="Storage">where they lie</param>
/// <param name="Writes">whether any of them may change; a use that reads and writes writes</param>
/// <param name="Offset">of the first, within the storage</param>
/// <param name="Length">how many; negative for all behind the offset</param>
internal readonly record struct GpuUse(GpuStorage Storage, bool Writes, long Offset = 0, long Length = -1)
{
    /// <summary>The device address of the first byte.</summary>
    public ulong Start => Storage.Address + (ulong)Offset;

    /// <summary>The device address behind the last byte.</summary>
    public ulong End => Length < 0 ? Storage.Address + (ulong)Storage.ByteLength : Start + (ulong)Length;

    /// <summary>A tensor that is only read.</summary>
    public static GpuUse Read(Tensor tensor) => new((GpuStorage)tensor.Storage, false, tensor.ByteOffset, tensor.ByteLength);

    /// <summary>A tensor that is written, and perhaps read.</summary>
    public static GpuUse Write(Tensor tensor) => new((GpuStorage)tensor.Storage, true, tensor.ByteOffset, tensor.ByteLength);
}

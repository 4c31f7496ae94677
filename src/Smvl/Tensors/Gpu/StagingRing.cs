using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Host memory that the device reads: uploads on their way, and small data of dispatches. Each batch of commands has a slot of it, filled
/// from the beginning, so that batches with the same data sizes find the same addresses every <see cref="Slots"/> batches. A slot is
/// filled again once the batch it belonged to and the one after are done.
/// </summary>
internal sealed unsafe class StagingRing(LogicalDevice device) : IDisposable
{
    /// <summary>Batches that may be under way or collected at once, each with its slot.</summary>
    public const int Slots = 3;

    /// <summary>Bytes of the first chunk of a slot, which holds the data of dispatches.</summary>
    private const long FirstChunk = 1 << 20;

    /// <summary>Bytes of the chunks behind it, at least.</summary>
    private const long NextChunk = 16 << 20;

    private const long Alignment = 64;

    private readonly List<GpuBlock>[] chunks = [[], [], []];
    private List<GpuBlock> slot = [];
    private int chunk;
    private long used;

    /// <summary>Bytes handed out since the slot was taken.</summary>
    public long BatchBytes { get; private set; }

    /// <summary>Begins to fill a slot that no command reads any more.</summary>
    /// <param name="batch">the number of the batch whose slot it is</param>
    public void Take(ulong batch)
    {
        slot = chunks[batch % Slots];
        chunk = 0;
        used = 0;
        BatchBytes = 0;
    }

    /// <summary>Room for so many bytes in the slot.</summary>
    /// <returns>the block that it is in, and where</returns>
    public (GpuBlock Block, long Offset) Reserve(long bytes)
    {
        while (chunk < slot.Count && used + bytes > slot[chunk].Size)
        {
            chunk++;
            used = 0;
        }

        if (chunk == slot.Count)
        {
            bool first = chunk == 0 && bytes <= FirstChunk;
            long size = first ? FirstChunk : Math.Max(NextChunk, bytes);
            slot.Add(
                (first ? GpuBlock.TryAllocate(device, size, MemoryKinds.Device | MemoryKinds.Staging, MemoryKinds.Staging)
                    : GpuBlock.TryAllocate(device, size, MemoryKinds.Staging))
                ?? throw new SmvlException(
                    "no memory is left that the host shares with the device, for data on its way", device.Info.Name, actual: ByteSize.Text(size),
                    hint: "close other programs, or use --device cpu"));
        }

        long offset = used;
        used = (used + bytes + Alignment - 1) / Alignment * Alignment;
        BatchBytes += bytes;
        return (slot[chunk], offset);
    }

    public void Dispose()
    {
        foreach (GpuBlock block in chunks.SelectMany(blocks => blocks))
        {
            block.Free();
        }
    }
}

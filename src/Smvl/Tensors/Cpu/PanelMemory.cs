namespace Smvl.Tensors.Cpu;

/// <summary>
/// Where packed weights lie: side by side in large blocks, which have huge pages where the system gives them; a matrix alone is too
/// small for one, and a stream over small pages misses the TLB at each. A block goes back when nothing in it is used any more.
/// </summary>
internal sealed unsafe class PanelMemory
{
    private const long BlockBytes = 64L << 20;
    private const int Alignment = 64;

    private Block? last;

    /// <summary>Uninitialized memory, aligned to cache lines.</summary>
    public Part Allocate(long length)
    {
        lock (this)
        {
            if (last is null || !last.TryTake(length, out byte* start))
            {
                last = new Block(Math.Max(length, BlockBytes));
                last.TryTake(length, out start);
            }

            return new Part(last, start, length);
        }
    }

    /// <summary>A piece of a block, in use until it is released.</summary>
    public sealed class Part(Block block, byte* pointer, long byteLength)
    {
        public byte* Pointer { get; } = pointer;

        public long ByteLength { get; } = byteLength;

        public void Release() => block.Release();
    }

    /// <summary>One mapping; its parts keep it alive, and it is freed with the last of them.</summary>
    public sealed class Block(long length)
    {
        private readonly NativeStorage memory = NativeStorage.Allocate(length);
        private long taken;
        private int users;

        public bool TryTake(long bytes, out byte* start)
        {
            lock (memory)
            {
                start = memory.Pointer + taken;
                bool fits = bytes <= memory.ByteLength - taken && (taken == 0 || users > 0);
                if (fits)
                {
                    taken += (bytes + Alignment - 1) / Alignment * Alignment;
                    users++;
                }

                return fits;
            }
        }

        public void Release()
        {
            lock (memory)
            {
                if (--users == 0)
                {
                    memory.Free();
                }
            }
        }
    }
}

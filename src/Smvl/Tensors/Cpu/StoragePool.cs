using System.Numerics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Keeps native blocks for reuse, so that a step after the first allocates nothing. Sizes are rounded up to eight classes per
/// power of two (at most 12.5 % unused), so that batches of varying length find each other's blocks.
/// </summary>
internal sealed class StoragePool : IDisposable
{
    private const long SmallestClass = 256;

    private readonly Lock gate = new();
    private readonly Dictionary<long, Stack<NativeStorage>> free = [];
    private bool disposed;

    public NativeStorage Rent(long byteLength)
    {
        long size = ClassOf(byteLength);
        lock (gate)
        {
            if (free.TryGetValue(size, out Stack<NativeStorage>? blocks) && blocks.TryPop(out NativeStorage? block))
            {
                return block;
            }
        }

        return NativeStorage.Allocate(size, Return);
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            foreach (NativeStorage block in free.Values.SelectMany(blocks => blocks))
            {
                block.Free();
            }

            free.Clear();
        }
    }

    /// <summary>The smallest (8 + i) · 2^k, i in 0 .. 7, that holds <paramref name="byteLength"/>.</summary>
    internal static long ClassOf(long byteLength)
    {
        long size = Math.Max(byteLength, SmallestClass);
        long step = Math.Max(1L << (BitOperations.Log2((ulong)size) - 3), 1);
        return (size + step - 1) / step * step;
    }

    private void Return(NativeStorage block)
    {
        lock (gate)
        {
            if (!disposed)
            {
                if (!free.TryGetValue(block.ByteLength, out Stack<NativeStorage>? blocks))
                {
                    free[block.ByteLength] = blocks = new Stack<NativeStorage>();
                }

                blocks.Push(block);
                return;
            }
        }

        block.Free();
    }
}

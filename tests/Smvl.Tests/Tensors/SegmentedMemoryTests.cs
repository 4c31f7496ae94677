using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors;

/// <summary>Memory that is cut into segments, without and with real memory behind it.</summary>
public sealed unsafe class SegmentedMemoryTests
{
    private const long Kibi = 1 << 10, Mebi = 1 << 20;

    private readonly List<Block> blocks = [];

    [Fact]
    public void SegmentsLieApartAndWithinTheirBlocks()
    {
        SegmentedMemory<Block> memory = new(Mebi, Allocate);
        Random random = new(3);
        List<MemorySegment<Block>> used = [];
        for (int i = 0; i < 5000; i++)
        {
            if (used.Count > 0 && random.Next(5) < 2)
            {
                int at = random.Next(used.Count);
                memory.Return(used[at]);
                used.RemoveAt(at);
            }
            else
            {
                long length = random.Next(4) == 0 ? random.NextInt64(3 * Mebi) : random.NextInt64(60 * Kibi);
                MemorySegment<Block> segment = memory.TryTake(length)!;
                Assert.InRange(segment.Size, Math.Max(length, 1), length + SegmentedMemory<Block>.Alignment);
                Assert.Equal(0, segment.Offset % SegmentedMemory<Block>.Alignment);
                Assert.False(segment.Block.IsFree);
                used.Add(segment);
            }

            Assert.Equal(used.Sum(segment => segment.Size), memory.UsedBytes);
        }

        foreach (IGrouping<Block, MemorySegment<Block>> inBlock in used.GroupBy(segment => segment.Block))
        {
            MemorySegment<Block>[] sorted = [.. inBlock.OrderBy(segment => segment.Offset)];
            Assert.All(sorted.Zip(sorted.Skip(1)), pair => Assert.True(pair.First.Offset + pair.First.Size <= pair.Second.Offset));
            Assert.True(sorted[^1].Offset + sorted[^1].Size <= inBlock.Key.Reached);
            Assert.True(inBlock.Key.Reached <= inBlock.Key.Size);
        }

        Assert.Equal(blocks.Where(block => !block.IsFree).Sum(block => block.Size), memory.BlockBytes);
        Assert.Equal(blocks.Where(block => !block.IsFree).Sum(block => block.Reached), memory.ReachedBytes);

        used.ForEach(memory.Return);
        memory.FreeEmptyBlocks();
        Assert.All(blocks, block => Assert.True(block.IsFree));
        Assert.Equal((0, 0, 0), (memory.UsedBytes, memory.BlockBytes, memory.ReachedBytes));
    }

    // texts of a micro-batch are longer or shorter than those of the one before: nothing is to be made again after the first few
    [Fact]
    public void StepsOfDifferentLengthsShareTheBlocks()
    {
        SegmentedMemory<Block> memory = new(16 * Mebi, Allocate);
        Random random = new(1);
        for (int step = 0; step < 100; step++)
        {
            long rows = 500 + random.Next(200);
            List<MemorySegment<Block>> kept = [];
            for (int layer = 0; layer < 6; layer++)
            {
                kept.AddRange(((int[])[256, 256, 128, 128, 768, 768]).Select(width => memory.TryTake(rows * width * sizeof(float))!));
                memory.Return(memory.TryTake(rows * 1024 * sizeof(float))!);
            }

            kept.Reverse();
            kept.ForEach(memory.Return);
            if (step == 10)
            {
                blocks.Clear();
            }
        }

        Assert.Empty(blocks);
        Assert.InRange((double)memory.ReachedBytes / memory.MostUsedBytes, 1, 1.15);
    }

    [Fact]
    public void ChangingShapesDoNotPileUpMemory()
    {
        SegmentedMemory<Block> memory = new(16 * Mebi, Allocate);
        for (int step = 0; step < 50; step++)
        {
            // ten large ones of another size in every step
            long size = 100_000_000 + (7_919_000L * ((step * 31) % 50));
            MemorySegment<Block>[] segments = [.. Enumerable.Range(0, 10).Select(_ => memory.TryTake(size)!)];
            Assert.InRange((double)memory.BlockBytes / memory.MostUsedBytes, 0, 1.02);
            Array.ForEach(segments, memory.Return);
        }
    }

    [Fact]
    public void TheSmallestThatHoldsARequestIsTakenAndTheFirstOfThose()
    {
        SegmentedMemory<Block> memory = new(Mebi, Allocate);
        long[] sizes = [40, 10, 20, 10, 20, 10, 30, 10];
        MemorySegment<Block>[] parts = [.. sizes.Select(size => memory.TryTake(size * Kibi)!)];
        foreach (int i in (int[])[0, 4, 2, 6])
        {
            memory.Return(parts[i]);
        }

        Assert.Equal(parts[2].Offset, memory.TryTake(15 * Kibi)!.Offset);
        Assert.Equal(parts[4].Offset, memory.TryTake(20 * Kibi)!.Offset);
        Assert.Equal(parts[6].Offset, memory.TryTake(21 * Kibi)!.Offset);
        Assert.Single(blocks);
    }

    [Fact]
    public void WithoutMoreMemoryEmptyBlocksGoBackFirst()
    {
        long left = 4 * Mebi;
        Block? Limited(long size)
        {
            if (left - blocks.Where(block => !block.IsFree).Sum(block => block.Size) < size)
            {
                return null;
            }

            return Allocate(size);
        }

        int waits = 0;
        SegmentedMemory<Block> memory = new(Mebi, Limited, _ => 100 * Mebi, () => waits++);
        MemorySegment<Block> first = memory.TryTake(2 * Mebi)!, second = memory.TryTake(2 * Mebi)!;
        Assert.Null(memory.TryTake(1));
        memory.Return(first);
        memory.Return(second);
        Assert.Equal(0, waits);
        Assert.NotNull(memory.TryTake(3 * Mebi));
        Assert.Equal(1, waits);
        Assert.Equal(3 * Mebi, memory.BlockBytes);
        Assert.Null(memory.TryTake(2 * Mebi));

        // less than a block where a whole one is not to be had
        left = (3 * Mebi) + (600 * Kibi);
        Assert.NotNull(memory.TryTake(500 * Kibi));
    }

    [Fact]
    public void AForgottenStorageGoesBackWithTheCollector()
    {
        using StoragePool pool = new();
        Forget(pool);
        for (int i = 0; i < 10 && pool.UsedBytes > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(0, pool.UsedBytes);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(StoragePool pool) => pool.Rent(1000).Pointer[0] = 1;
    }

    [Fact]
    public void WhatIsInUseOutlivesItsPool()
    {
        StoragePool pool = new();
        PooledStorage storage = pool.Rent(20 * Mebi);
        pool.Rent(100).Release();
        pool.Dispose();
        new Span<byte>(storage.Pointer, 20 << 20).Fill(7);
        Assert.Equal(-1, new ReadOnlySpan<byte>(storage.Pointer, 20 << 20).IndexOfAnyExcept((byte)7));
        Assert.Equal(20 * Mebi, pool.ByteLength);
        storage.Release();
        Assert.Equal(0, pool.ByteLength);
    }

    [Fact]
    public void DisposedMemoryIsUsedAgain()
    {
        using CpuBackend backend = new(1);
        Tensor first = backend.Allocate(1000);
        nint place = (nint)first.Origin();
        first.Dispose();
        first.Dispose();
        using Tensor second = backend.Allocate(990);
        using Tensor third = backend.Allocate(1000);
        Assert.Equal(place, (nint)second.Origin());
        Assert.NotEqual(place, (nint)third.Origin());
    }

    private Block Allocate(long size)
    {
        blocks.Add(new Block(size));
        return blocks[^1];
    }

    private sealed class Block(long size) : MemoryBlock(size)
    {
        public bool IsFree { get; private set; }

        public override void Free() => IsFree = true;
    }
}

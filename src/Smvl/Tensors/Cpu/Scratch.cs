using System.Runtime.InteropServices;

namespace Smvl.Tensors.Cpu;

/// <summary>What a scratch buffer is for; two uses that overlap in time on one thread need two kinds.</summary>
internal enum ScratchUse
{
    /// <summary>The packed left side of a product, made by all threads for all threads.</summary>
    Shared,

    /// <summary>Keys and values of a quantized cache, made by all threads for all threads.</summary>
    Cache,

    /// <summary>One thread's packed part of the right side, or one thread's attention blocks.</summary>
    Own,
}

/// <summary>Native working memory of the calling thread: grows to the largest wish and is kept, so that steps allocate nothing.</summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch? current;

    private readonly Block[] blocks = new Block[Enum.GetValues<ScratchUse>().Length];

    ~Scratch()
    {
        foreach (Block block in blocks)
        {
            block.Free();
        }
    }

    /// <summary>64-byte aligned floats with undefined contents, valid until this thread's next call for the same use.</summary>
    public static float* Floats(ScratchUse use, long count)
    {
        ref Block block = ref (current ??= new Scratch()).blocks[(int)use];
        if (block.Count < count)
        {
            block.Free();
            block = new Block(count);
        }

        return block.Pointer;
    }

    /// <summary>In huge pages where they are to be had and much of one is used: tiles jump between rows and panels a page or more apart.</summary>
    private readonly struct Block
    {
        private readonly long mapped;

        public Block(long count)
        {
            long length = count * sizeof(float);
            if (length >= MemoryPages.HugePage / 8 && MemoryPages.GoBack)
            {
                mapped = (length + MemoryPages.HugePage - 1) / MemoryPages.HugePage * MemoryPages.HugePage;
                Pointer = (float*)MemoryPages.Map(mapped);
                Count = mapped / sizeof(float);
            }
            else
            {
                Pointer = (float*)NativeMemory.AlignedAlloc((nuint)length, 64);
                Count = count;
            }
        }

        public float* Pointer { get; }

        public long Count { get; }

        public void Free()
        {
            if (mapped > 0)
            {
                MemoryPages.Unmap((byte*)Pointer, mapped);
            }
            else
            {
                NativeMemory.AlignedFree(Pointer);
            }
        }
    }
}

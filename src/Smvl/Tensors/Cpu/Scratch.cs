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
            NativeMemory.AlignedFree(block.Pointer);
        }
    }

    /// <summary>64-byte aligned floats with undefined contents, valid until this thread's next call for the same use.</summary>
    public static float* Floats(ScratchUse use, long count)
    {
        ref Block block = ref (current ??= new Scratch()).blocks[(int)use];
        if (block.Count < count)
        {
            NativeMemory.AlignedFree(block.Pointer);
            block = default;
            block.Pointer = (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64);
            block.Count = count;
        }

        return block.Pointer;
    }

    private struct Block
    {
        public float* Pointer;
        public long Count;
    }
}

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Bytes of the kernels' working memory (<see cref="Scratch"/>) from the shapes of what they are called with, for those who plan. Panels are
/// taken as whole; what is smaller than a panel's edge is left out.
/// </summary>
internal static class KernelScratch
{
    // as MatMulBlocked has them
    private const int SlabFloats = 2 << 20, SlabRows = 2048, BlockDepth = 512, MostColumns = 256;

    /// <summary>A thread's own packed columns of a product.</summary>
    public const long ProductThread = (long)MostColumns * BlockDepth * sizeof(float);

    /// <summary>The packed slab of a product's left side (rows, depth).</summary>
    public static long Slab(long rows, long depth)
    {
        long high = Math.Min(rows, SlabRows), deep = Math.Max(1, SlabFloats / Math.Max(1, high) / BlockDepth) * BlockDepth;
        return high * Math.Min(deep, depth) * sizeof(float);
    }

    /// <summary>Packed keys and values of the longest segment, all heads.</summary>
    public static long AttentionForward(AttentionLayout layout) =>
        2L * layout.KeyValueHeads * layout.HeadDim * layout.Segments.Select(segment => segment.KeyLength).DefaultIfEmpty().Max() * sizeof(float);

    /// <summary>A thread's packed sides and sums of one key/value head in the longest segment: three of the keys, five of the queries.</summary>
    public static long AttentionBackwardThread(AttentionLayout layout) => layout.HeadDim * sizeof(float)
        * layout.Segments.Select(segment => (3L * segment.KeyLength) + (5L * segment.QueryLength)).DefaultIfEmpty().Max();
}

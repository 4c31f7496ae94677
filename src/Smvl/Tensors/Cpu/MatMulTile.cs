namespace Smvl.Tensors.Cpu;

/// <summary>
/// The micro-kernel of matrix products: a tile of C that stays in registers while a panel of A and a panel of B stream by
/// (Goto and van de Geijn 2008; Van Zee and van de Geijn 2015). A panel holds, for each step of depth, <see cref="Rows"/>
/// elements of A, a B panel <see cref="Columns"/> of B.
/// </summary>
internal unsafe interface ITile
{
    static abstract int Rows { get; }

    static abstract int Columns { get; }

    /// <summary>
    /// Steps of depth between two visits to C. Of sixteen columns, 256 leave B's panel half of a first cache of 32 KiB, and 512 fill it
    /// (a tenth slower on AVX2); of 32, no depth worth while does, and the second cache keeps up with twice the arithmetic per element.
    /// </summary>
    static abstract int Depth { get; }

    /// <summary>
    /// c[i, j] = start[i, j] + sum over depth of a · b. start is c itself to accumulate, one row (stride 0) of zeros or biases otherwise.
    /// </summary>
    static abstract void Run(int depth, float* a, float* b, float* c, long stride, float* start, long startStride);

    /// <summary>The same with A as rows of <see cref="Columns"/> elements: what an earlier tile wrote, of depth at most that.</summary>
    static abstract void RunRows(int depth, float* a, float* b, float* c, long stride, float* start, long startStride);
}
